// Owns what can be chosen as an agent's model, and what is said of each. Pure.

/** What goes back to the configured model. */
const DEFAULT = "default";

/** What the agent uses from its next turn on. */
export function nextModel({ model }) {
  return model.chosen ?? model.configured;
}

/** The models that can be typed: {name, note}; the way back to the configuration comes last. */
export function modelChoices(agent) {
  const { models, model, status } = agent;
  const following = nextModel(agent);
  const listed = models.map((name) => {
    const marks = [
      name === status.model && "now",
      name === following && name !== status.model && "from the next turn on",
      name === model.configured && "configured",
    ];
    return { name, note: marks.filter(Boolean).join(", ") };
  });
  if (models.includes(DEFAULT)) return listed;
  return [...listed, { name: DEFAULT, note: `${model.configured}, as configured` }];
}
