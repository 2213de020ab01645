// What is asked before something is done to experiments, and what is said after.

/** What is asked before an action, by its name; `whom` is what it is done to. */
export const QUESTIONS = {
  enqueue: (whom) => ({ title: `Enqueue ${whom}?`, yes: "Enqueue", done: `Enqueued ${whom}` }),
  dequeue: (whom) => ({ title: `Take ${whom} out of the queue?`, yes: "Dequeue", done: `Took ${whom} out of the queue` }),
  clone: (whom) => ({ title: `Clone ${whom}?`, text: "The copy is a draft of the same definition, without results.", yes: "Clone", done: `Cloned ${whom}` }),
  abort: (whom) => ({ title: `Abort ${whom}?`, text: "A run that is aborted puts away what it has found.", yes: "Abort", danger: true, done: `Aborted ${whom}` }),
  reset: (whom) => ({ title: `Reset ${whom}?`, text: "Scalars, plots, console, artifacts and draft models of the run are deleted. This cannot be undone.", yes: "Reset", danger: true, done: `Reset ${whom}` }),
  publish: (whom) => ({ title: `Publish ${whom}?`, text: "What is published is read-only, and so are its models. This cannot be undone.", yes: "Publish", done: `Published ${whom}` }),
  archive: (whom) => ({ title: `Archive ${whom}?`, text: "It can be brought back.", yes: "Archive", done: `Archived ${whom}` }),
  unarchive: (whom) => ({ title: `Bring ${whom} back?`, yes: "Bring back", done: `Brought ${whom} back` }),
  delete: (whom) => ({ title: `Delete ${whom}?`, text: "With its scalars, plots, console and draft models. This cannot be undone.", yes: "Delete", danger: true, done: `Deleted ${whom}` }),
};

function labelled(word, field) {
  const label = document.createElement("label");
  label.className = "field";
  label.append(word, field);
  return label;
}

/** A choice of the queues that there are. */
export async function queueField() {
  const select = document.createElement("select");
  select.name = "queue";
  const answer = await fetch("/actions/queues").then((response) => response.json());
  for (const { id, name } of answer.queues) select.append(new Option(name, id));
  return labelled("Queue", select);
}

/** A field for the name of a copy. */
export function nameField(value) {
  const input = document.createElement("input");
  input.name = "name";
  input.value = value;
  input.minLength = 3;
  return labelled("Name", input);
}
