"""Projects: made, read, renamed, moved, deleted."""

from __future__ import annotations

from typing import Any

from embedded_server.calls import Answer, Call, Request, action
from embedded_server.entities import project_stats, projects, queries, records
from embedded_server.errors import ApiError
from embedded_server.services import models, task_lifecycle
from embedded_server.storage.documents import Document
from embedded_server.storage.filters import HIDDEN_TAG, Condition

#: fields that projects.create and projects.update store as they come
_PLAIN = ("description", "default_output_destination")


@action("projects.create")
def create(call: Call, request: Request) -> Answer:
    """Makes a project and its missing ancestors."""
    name = projects.checked_name(request["name"])
    return {"id": projects.create(call, name, **_fields(request))["id"]}


def _fields(request: Request) -> dict[str, Any]:
    fields = {name: request[name] for name in _PLAIN if request.get(name) is not None}
    for name in ("tags", "system_tags"):
        if request.get(name) is not None:
            fields[name] = records.tags(request[name])
    return fields


@action("projects.get_by_id")
def get_by_id(call: Call, request: Request) -> Answer:
    """One project."""
    return {"project": records.require(call, "projects", request["project"])}


@action("projects.get_all")
def get_all(call: Call, request: Request) -> Answer:
    """The projects that a filter finds."""
    return queries.get_all(call, "projects", request, _at_the_top(request))


def _at_the_top(request: Request) -> Condition | None:
    """A shallow search without a parent sees the roots of the tree only."""
    if not request.get("shallow_search") or request.get("parent"):
        return None
    return Condition(["json_extract(body, '$.parent') IS NULL"])


@action("projects.get_all_ex")
def get_all_ex(call: Call, request: Request) -> Answer:
    """The projects that a filter finds, with statistics of their tasks."""
    chosen = request.get("only_fields")
    if chosen and "id" not in chosen:
        request = {**request, "only_fields": [*chosen, "id"]}
    answer = queries.get_all_ex(call, "projects", request, _narrowed(call, request))
    found = answer["projects"]
    if request.get("include_stats"):
        _add_stats(call, request, found)
    if request.get("check_own_contents"):
        for project in found:
            for collection, name in (("tasks", "own_tasks"), ("models", "own_models")):
                where = "json_extract(body, '$.\"project\"') = ?"
                project[name] = call.store.documents.count(collection, where, [project["id"]])
    return answer


def _narrowed(call: Call, request: Request) -> Condition | None:
    condition = _at_the_top(request) or Condition()
    if request.get("active_users"):
        marks = ", ".join("?" * len(request["active_users"]))
        condition.add(
            "id IN (SELECT value FROM documents AS task, json_each(json_array(json_extract(task.body, '$.project')))"
            f" WHERE task.collection = 'tasks' AND json_extract(task.body, '$.user') IN ({marks}))",
            request["active_users"],
        )
    return condition


def _add_stats(call: Call, request: Request, found: list[Document]) -> None:
    families = {project["id"]: projects.descendants(call, project["id"]) for project in found}
    members = {top: [top, *(child["id"] for child in below)] for top, below in families.items()}
    ids = {member for family in members.values() for member in family}
    own = project_stats.count(call, sorted(ids), request.get("include_stats_filter"))
    wanted = request.get("stats_for_state")
    states = [wanted] if wanted in {"active", "archived"} else ["active", "archived"]
    for project in found:
        top = project["id"]
        family = members[top] if request.get("stats_with_children", True) else [top]
        project["stats"] = project_stats.total(own, family, states)
        project["sub_projects"] = [
            {"id": child["id"], "name": child["name"]}
            for child in families[top]
            if request.get("search_hidden") or HIDDEN_TAG not in child["system_tags"]
        ]


@action("projects.update")
def update(call: Call, request: Request) -> Answer:
    """Changes fields; a new name goes down the subtree, but cannot move the project to another parent."""
    project = records.require(call, "projects", request["project"])
    fields = _fields(request)
    if request.get("name") is not None:
        name = projects.checked_name(request["name"])
        if name.rpartition("/")[0] != project["name"].rpartition("/")[0]:
            raise ApiError(400, 408, f"Project cannot be moved by a new name: use projects.move: id={project['id']}")
        projects.rename(call, project, name)
        fields["name"] = name
    if not fields:
        return {"updated": 0, "fields": {}}
    project.update(fields)
    records.touch(call, project)
    call.store.documents.put("projects", project)
    return {"updated": 1, "fields": fields}


@action("projects.move")
def move(call: Call, request: Request) -> Answer:
    """Puts a project below another, made where it is missing, or at the root."""
    project = records.require(call, "projects", request["project"])
    location = (request.get("new_location") or "").strip("/ ")
    if location:
        location = projects.checked_name(location)
    if (location + "/").startswith(project["name"] + "/"):
        raise ApiError(400, 407, f"Project cannot be moved below itself: id={project['id']}")
    return {"moved": projects.rename(call, project, f"{location}/{project['basename']}".strip("/"))}


@action("projects.merge")
def merge(call: Call, request: Request) -> Answer:
    """Moves everything in a project into another one, and deletes it."""
    source = records.require(call, "projects", request["project"])
    target = records.require(call, "projects", request.get("destination_project") or "")
    if source["id"] == target["id"] or source["id"] in target["path"]:
        raise ApiError(400, 407, f"Project cannot be merged into itself: id={source['id']}")
    entities = 0
    for collection in ("tasks", "models"):
        for document in call.store.documents.find(collection, {"project": source["id"]}):
            document["project"] = target["id"]
            records.touch(call, document)
            call.store.documents.put(collection, document)
            entities += 1
    children = call.store.documents.find("projects", {"parent": source["id"]})
    moved = sum(projects.rename(call, child, f"{target['name']}/{child['basename']}") for child in children)
    call.store.documents.delete("projects", source["id"])
    return {"moved_entities": entities, "moved_projects": moved}


@action("projects.validate_delete")
def validate_delete(call: Call, request: Request) -> Answer:
    """How much a project and its descendants hold, archived and not."""
    contents = _contents(call, records.require(call, "projects", request["project"]))
    answer = {}
    for collection, documents in contents.items():
        answer[collection] = len(documents)
        answer[f"non_archived_{collection}"] = sum(records.ARCHIVED not in d["system_tags"] for d in documents)
    return answer


def _contents(call: Call, project: Document) -> dict[str, list[Document]]:
    family = projects.with_descendants(call, [project["id"]])
    return {name: call.store.documents.find(name, {"project": family}) for name in ("tasks", "models")}


@action("projects.delete")
def delete(call: Call, request: Request) -> Answer:
    """Deletes a project with its descendants; what is in them is deleted (``delete_contents``) or loses its project."""
    project = records.require(call, "projects", request["project"])
    contents = _contents(call, project)
    if not request.get("force"):
        for collection, subcode in (("tasks", 402), ("models", 405)):
            if any(records.ARCHIVED not in document["system_tags"] for document in contents[collection]):
                raise ApiError(400, subcode, f"Project has {collection}: use force=true: id={project['id']}")
    answer: Answer = {"disassociated_tasks": 0, "deleted_tasks": 0, "deleted_models": 0}
    if request.get("delete_contents"):
        answer["urls"] = _delete_contents(call, contents)
        answer["deleted_tasks"] = len(contents["tasks"])
        answer["deleted_models"] = len(contents["models"])
    else:
        for collection, documents in contents.items():
            for document in documents:
                document.pop("project", None)
                call.store.documents.put(collection, document)
        answer["disassociated_tasks"] = len(contents["tasks"])
    family = projects.with_descendants(call, [project["id"]])
    for member in family:
        call.store.documents.delete("projects", member)
    return {"deleted": len(family), **answer}


def _delete_contents(call: Call, contents: dict[str, list[Document]]) -> dict[str, list[str]]:
    """Deletes tasks and models; the addresses of the files that went with them."""
    urls: dict[str, set[str]] = {"model_urls": set(), "event_urls": set(), "artifact_urls": set()}
    for task in contents["tasks"]:
        answer = task_lifecycle.delete(call, {"task": task["id"], "force": True, "return_file_urls": True})
        for kind, found in answer["urls"].items():
            urls[kind].update(found)
    for model in contents["models"]:
        if call.store.documents.get("models", model["id"]) is not None:
            url = models.delete(call, {"model": model["id"], "force": True})["url"]
            urls["model_urls"].update(filter(None, [url]))
    return {kind: sorted(found) for kind, found in urls.items()}


@action("projects.make_public")
@action("projects.make_private")
def share(call: Call, request: Request) -> Answer:
    """There is one company here, nobody to share with: nothing to do."""
    return {"updated": 0}
