// Keeps a virtual list in its place: gives its rows their room, and the view the row that it showed.
import { covers, createLayout } from "../state/window.js";

/** This near the end, in pixels, is at the end. */
const NEAR = 48;
/** Rows are in the page for this many heights of the view, and at least so many pixels, around it. */
const AROUND = 1;
const AROUND_LEAST = 400;
/** The height of a view that is not in the page yet. */
const FIRST_HEIGHT = 800;
/** So long after the last movement, in milliseconds, the view rests. */
const REST_MS = 160;

/** What a list remembers: its rows' heights, and whether it sticks to its end or which row holds its place. */
export function newPlace() {
  return { layout: createLayout(), stuck: true, anchor: null, seen: null, view: undefined };
}

/**
 * `box` and `list` are refs of the scrolling element and of the rows' parent, `redraw()` draws the list again,
 * `onBehind(count)` hears how many rows below the view were not seen, null when the end is near and all were.
 */
export function createScrollAnchor(place, { box, list, redraw, onBehind }) {
  const { layout } = place;
  let props = { rows: [] };
  let shown = { start: 0, end: 0 };
  let scrollTop = 0;
  // Writing the scroll position would end the movement of a wheel, a finger or a key. While it lasts, what the
  // rows above turn out to be higher or lower goes into the room above them instead.
  let moving = null;
  let shift = 0;
  // Whether the movement goes up: it begins near the end, and would end there if that held the view.
  let leaving = false;

  // The view, in pixels from the start of the first row; `lead` is what stands above that.
  function look() {
    const { clientHeight: height, scrollHeight, scrollTop: at } = box.current;
    const lead = list.current.getBoundingClientRect().top - box.current.getBoundingClientRect().top + at;
    return { height, lead, top: at - lead - shift, left: scrollHeight - at - height };
  }

  function inView({ top, height }, around = 0) {
    const more = around * Math.max(height, AROUND_LEAST);
    return layout.between(top - more, top + height + more);
  }

  function wantedTop({ top, height }) {
    if (place.stuck) return layout.total - height;
    return (place.anchor && layout.placeOf(place.anchor)) ?? top;
  }

  // A row that is not in the page holds nothing in its place: it may be higher than it was guessed to be.
  function anchorIn({ top, height }) {
    const isSeen = shown.end > shown.start && layout.top(shown.start) < top + height;
    return layout.anchorAt(top, isSeen ? shown.start : 0);
  }

  function isAtEnd(left) {
    return layout.count > 0 && left < NEAR && props.beyond === null;
  }

  function hold(view) {
    scrollTop = box.current.scrollTop;
    if (!layout.count) return;
    place.stuck = isAtEnd(view.left) && !(leaving && view.left >= 1);
    place.anchor = place.stuck ? null : anchorIn(view);
  }

  function stick() {
    Object.assign(place, { stuck: true, anchor: null });
  }

  function release() {
    const last = props.rows.at(-1);
    place.stuck = false;
    place.anchor ??= last ? { key: last.key, offset: 0 } : null;
  }

  function rest() {
    clearTimeout(moving);
    moving = null;
    leaving = false;
  }

  function move() {
    clearTimeout(moving);
    moving = setTimeout(() => {
      rest();
      if (!box.current?.clientHeight) return;
      if (isAtEnd(look().left)) stick();
      settleWhereItIs();
    }, REST_MS);
  }

  // Whether the view is elsewhere than where it was left, by other hands than ours.
  function hasMoved() {
    const by = box.current.scrollTop - scrollTop;
    if (Math.abs(by) < 1) return false;
    leaving = by < 0;
    move();
    return true;
  }

  function measureRows() {
    const items = list.current.children;
    for (let index = shown.start; index < shown.end; index += 1) {
      layout.measure(index, items[index - shown.start].getBoundingClientRect().height);
    }
  }

  function makeRoom(by) {
    shift = by;
    list.current.style.paddingTop = `${layout.top(shown.start) + shift}px`;
    list.current.style.paddingBottom = `${layout.total - layout.top(shown.end)}px`;
  }

  // Gives the rows their room, and the view its place among them.
  function settle() {
    if (!box.current?.clientHeight) return;
    measureRows();
    const view = look();
    const wanted = wantedTop(view);
    const shifted = shift - (wanted - view.top);
    if (moving && !place.stuck && shown.start > 0 && layout.top(shown.start) + shifted >= 0) makeRoom(shifted);
    else {
      makeRoom(0);
      const to = place.stuck ? box.current.scrollHeight : Math.max(0, view.lead + wanted);
      if (Math.abs(box.current.scrollTop - to) >= 1) box.current.scrollTop = to;
    }
    scrollTop = box.current.scrollTop;
    follow(look());
  }

  // Between two frames the view may have been moved, which is told with the next: a movement is not taken back.
  function settleWhereItIs() {
    if (!box.current?.clientHeight) return;
    if (hasMoved()) {
      measureRows();
      hold(look());
    }
    settle();
  }

  function tellBehind({ left, height }) {
    const { rows, beyond } = props;
    if (place.stuck) place.seen = rows.at(-1)?.key ?? null;
    const at = layout.indexOf(place.seen);
    const unseen = beyond ?? (at < 0 ? 0 : rows.length - 1 - at);
    const far = beyond !== null || left > 2 * height;
    onBehind(place.stuck || !(unseen || far) ? null : unseen);
  }

  // What follows from where the view is.
  function follow(view) {
    if (!covers(shown, inView(view))) redraw();
    tellBehind(view);
    if (view.top < view.height && (!place.stuck || layout.total < view.height)) props.onTop?.();
    if (props.beyond !== null && view.left < view.height) props.onBottom?.();
  }

  return {
    /** Takes the list's props; {start, end} of the rows to draw. */
    draw(next) {
      // The view moves before anybody hears of it.
      if (box.current?.clientHeight && hasMoved()) hold(look());
      props = next;
      layout.take(props.rows, props.guess);
      if (place.view !== props.view) {
        const { view, startAt } = props;
        const anchor = startAt === null ? null : { key: startAt, offset: 0 };
        Object.assign(place, { view, stuck: anchor === null, anchor, seen: null });
        rest();
      }
      if (props.beyond !== null && place.stuck) release();
      const now = box.current?.clientHeight ? look() : { top: 0, height: FIRST_HEIGHT };
      shown = inView({ ...now, top: wantedTop(now) }, AROUND);
      return shown;
    },

    /** After drawing. */
    settle,

    /** When something changed its size. */
    resized: settleWhereItIs,

    scrolled() {
      if (!box.current?.clientHeight) return;
      const moved = hasMoved();
      const view = look();
      // What the list moved itself it hears of a frame late, when rows may have grown: that is no way up.
      if (moved) hold(view);
      else if (isAtEnd(view.left) && !leaving) stick();
      if (!covers(shown, inView(view, AROUND / 2))) redraw();
      follow(view);
    },

    /** A click may unfold a row: until its height is known the view stays where it is, also at the end. */
    clicked({ target }) {
      if (!place.stuck || !list.current.contains(target)) return;
      place.stuck = false;
      place.anchor = anchorIn(look());
      requestAnimationFrame(this.scrolled);
    },

    toLatest() {
      if (props.beyond !== null) props.onLatest?.();
      stick();
      rest();
      settle();
      box.current.focus({ preventScroll: true });
    },

    /** Brings a row into the view, and so into the page. */
    show(key) {
      hasMoved();
      rest();
      Object.assign(place, { stuck: false, anchor: { key, offset: box.current.clientHeight / 3 } });
      redraw();
    },

    toStart() {
      rest();
      makeRoom(0);
      box.current.scrollTop = 0;
      hold(look());
      this.scrolled();
    },

    end: rest,

    /** Whether the end is in view, and stays there. */
    get stuck() {
      return place.stuck;
    },
  };
}
