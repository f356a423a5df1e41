// Owns the questions: open ones in the order they were asked, closed ones newest first.
import { upsert } from "./paged.js";

const OPERATOR = "operator";
const CLOSED_KEPT = 20;

/** Question objects ascend by id, open and closed together. */
export const noQuestions = [];

export function openForOperator(questions) {
  return questions.filter((question) => question.state === "open" && question.target === OPERATOR);
}

export function openBetweenAgents(questions) {
  return questions.filter((question) => question.state === "open" && question.target !== OPERATOR);
}

export function recentlyClosed(questions) {
  return questions
    .filter((question) => question.state !== "open")
    .sort((left, right) => right.closed_at - left.closed_at || right.id - left.id)
    .slice(0, CLOSED_KEPT);
}

export function questionsReducer(questions, action) {
  switch (action.type) {
    case "snapshot":
      return [...action.snapshot.questions].sort((left, right) => left.id - right.id);
    case "question": {
      const next = upsert(questions, action.data);
      const kept = new Set(recentlyClosed(next));
      return next.filter((question) => question.state === "open" || kept.has(question));
    }
    default:
      return questions;
  }
}
