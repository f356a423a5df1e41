// What can stand beside the hive, besides an agent's page: each has an address and a link in the bar on top.

/** `load` resolves to the view; it is given `agents` and brings its own style sheet. */
export const SIDES = [
  { id: "stats", label: "Stats", load: () => import("./hive_stats.js").then((m) => m.View) },
  { id: "doctor", label: "Doctor", load: () => import("./doctor.js").then((m) => m.View) },
];

export function sideNamed(id) {
  return SIDES.find((one) => one.id === id);
}
