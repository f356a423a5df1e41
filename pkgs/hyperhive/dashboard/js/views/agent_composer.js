// A line to one agent and to its session: messages, slash commands with completion, and what was typed before.
import { html, useId, useRef, useState } from "../ui.js";
import { COMMANDS, completions, read, remember, step, stored, writing } from "../state/commands.js";
import { Composer } from "./composer.js";
import { useActions } from "./context.js";
import { choiceId, Choices, stepped, TextArea } from "./controls.js";

const place = (agent) => `typed:${agent}`;
const typedTo = (agent) => stored(localStorage.getItem(place(agent)));

function Help() {
  return html`
    <dl class="commands">
      ${COMMANDS.map(
        ({ name, argument, summary }) => html`
        <dt key=${`${name} name`}><code>/${name}${argument && ` ${argument}`}</code></dt>
        <dd key=${`${name} summary`}>${summary}</dd>`,
      )}
      <dt><code>//text</code></dt>
      <dd>sends a text that begins with a slash</dd>
    </dl>
  `;
}

const option = ({ value, label, note }) => ({
  key: value,
  content: html`<code>${label}</code><span class="aside">${note}</span>`,
});

// Whether the caret stands in the first line, or in the last one, with nothing marked.
function atEdge({ value, selectionStart, selectionEnd }, by) {
  if (selectionStart !== selectionEnd) return false;
  return by < 0 ? !value.slice(0, selectionStart).includes("\n") : !value.slice(selectionEnd).includes("\n");
}

// The field of one agent's line; made once for each, so that it keeps the keyboard over renders.
function fieldOf(agentNow, name) {
  return function CommandField({ id, value, onInput, onKeyDown, ...rest }) {
    const list = useId();
    const walked = useRef(writing);
    const [at, setAt] = useState(0);
    const [closed, setClosed] = useState(false);
    const choices = closed ? [] : completions(value, agentNow());
    const open = choices.length > 0;
    const marked = Math.min(at, choices.length - 1);

    function write(text) {
      walked.current = writing;
      setAt(0);
      setClosed(false);
      onInput(text);
    }

    function take(choice) {
      write(choice.value);
      // What is complete needs no list of itself.
      setClosed(!choice.value.endsWith(" "));
    }

    function walk(event, by) {
      const next = atEdge(event.currentTarget, by) && step(typedTo(name), walked.current, value, by);
      if (!next) return;
      event.preventDefault();
      onInput(next.text);
      walked.current = next.place;
      setClosed(true);
    }

    function keyDown(event) {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      const plain = !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey;
      const chosen = open ? choices[marked] : null;
      if (by && plain && open) {
        event.preventDefault();
        setAt(stepped(marked, by, choices.length));
      } else if (by && plain) walk(event, by);
      else if (event.key === "Escape" && open) {
        event.preventDefault();
        setClosed(true);
      } else if (["Tab", "Enter"].includes(event.key) && plain && chosen && chosen.value !== value) {
        event.preventDefault();
        take(chosen);
      } else {
        walked.current = writing;
        onKeyDown(event);
      }
    }

    return html`
      <div class="command-field">
        <${TextArea} ...${rest} id=${id} value=${value} onInput=${write} onKeyDown=${keyDown}
          role=${open ? "combobox" : null} aria-expanded=${open ? "true" : null} aria-autocomplete="list"
          aria-haspopup="listbox" aria-controls=${list}
          aria-activedescendant=${open ? choiceId(list, marked) : null} onBlur=${() => setClosed(true)} />
        <${Choices} id=${list} label="Commands" choices=${choices.map(option)} at=${marked} shown=${open}
          onTake=${(index) => take(choices[index])} />
      </div>
    `;
  };
}

function outcomes({ chooseModel, cancelTurn, compact, newSession, clearLog }, agent) {
  const after = agent.status.state === "working" ? "after this turn" : "now";
  return {
    help: async () => html`<${Help} />`,
    async model(name) {
      const { model } = await chooseModel(agent.name, name);
      return `From its next turn on ${agent.name} uses ${model.chosen ?? `${model.configured}, as configured`}`;
    },
    async cancel() {
      await cancelTurn(agent.name);
      return "The turn is being cancelled";
    },
    async compact() {
      await compact(agent.name);
      return `The session is compacted ${after}`;
    },
    async "new-session"() {
      await newSession(agent.name);
      return `A new session begins ${after}`;
    },
    async clear() {
      clearLog(agent.name);
      return "The log is empty in this window";
    },
  };
}

/** Props: `agent`, its view. */
export function AgentComposer({ agent }) {
  const actions = useActions();
  const { name } = agent;
  const latest = useRef(agent);
  latest.current = agent;
  const [Field] = useState(() => fieldOf(() => latest.current, name));

  function onRead(text) {
    const meant = read(text.trimEnd(), agent);
    if (meant.kind === "wrong") return { refuse: meant.reason };
    if (meant.kind === "text") return { send: meant.text };
    return { run: () => outcomes(actions, agent)[meant.name](meant.argument) };
  }

  function keep(text) {
    localStorage.setItem(place(name), JSON.stringify(remember(typedTo(name), text.trimEnd())));
  }

  return html`
    <link rel="stylesheet" href="/static/css/composer.css" />
    <${Composer} draft=${`agent-${name}`} to=${name} Field=${Field} onRead=${onRead} onSent=${keep}
      hint="/ for commands" label=${`Message to ${name}`} />
  `;
}
