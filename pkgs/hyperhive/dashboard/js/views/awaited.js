// The question whose answer an agent waits for, and the way to it.
import { html } from "../ui.js";
import { focusSection } from "./context.js";

// Its card, or the section where it is folded away.
function reveal(id) {
  const card = document.getElementById(`question-${id}`);
  if (!card) {
    focusSection("questions");
    return;
  }
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "center" });
}

/** Props: `waiting` of an agent's view. */
export function Awaited({ waiting }) {
  const { on, question } = waiting;
  // On a phone the page of the agent lies over the questions: it has to go first.
  function go(event) {
    event.preventDefault();
    addEventListener("hashchange", () => requestAnimationFrame(() => reveal(question)), { once: true });
    location.hash = "#/";
  }
  return html`
    <span class="detail">
      <a href="#/" onClick=${go}>
        ${on === "operator" ? `Answer question ${question}` : html`question ${question} to <bdi>${on}</bdi>`}
      </a>
    </span>
  `;
}
