// Says when a tab may let go of what it follows, and when it is seen again.

const GRACE_MS = 30_000;

/** Calls `leave()` when the tab has been hidden for a while or is frozen, and then `come()` when it is shown. */
export function followVisibility({ leave, come }) {
  let gone = false;
  let timer;

  function go() {
    if (!gone) leave();
    gone = true;
  }

  function change() {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(go, GRACE_MS);
    else if (gone) {
      gone = false;
      come();
    }
  }

  document.addEventListener("visibilitychange", change);
  document.addEventListener("freeze", go);
  change();
}
