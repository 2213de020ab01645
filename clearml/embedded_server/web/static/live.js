// Looks again and again at something that changes while tasks run.

const PATIENT = 30_000; // ms between looks while nothing runs, or while the server is away

/**
 * Fetches JSON again and again and hands it over; rests while the page is hidden.
 *
 * @param {() => string} address where to look next, called before each look
 * @param {(data: object) => boolean | void} take gets what is new; answers false where nothing runs any more
 * @param {number} pause ms between two looks while something runs
 * @returns {() => void} looks at once
 */
export function follow(address, take, pause = 2000) {
  let timer = 0;
  let looking = false;
  const look = async () => {
    clearTimeout(timer);
    if (looking) return;
    looking = true;
    let wait = pause;
    try {
      const response = await fetch(address(), { headers: { Accept: "application/json" } });
      if (response.status === 401) return; // logged out elsewhere: the next click shows the form
      if (!response.ok) wait = PATIENT;
      else if ((await take(await response.json())) === false) wait = PATIENT;
    } catch {
      wait = PATIENT;
    } finally {
      looking = false;
    }
    if (!document.hidden) timer = setTimeout(look, wait);
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : look()));
  timer = setTimeout(look, pause);
  return look;
}
