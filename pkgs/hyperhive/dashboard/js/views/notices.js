// Notices of the broker, to be read once and put away.
import { html, memo } from "../ui.js";
import { useActions } from "./context.js";
import { Clock } from "./times.js";

export const Notices = memo(function Notices({ notices }) {
  const { dismissNotice } = useActions();
  return html`
    <div class="notices" role="status">
      ${notices.map(
        ({ key, level, text, at }) => html`
        <p key=${key} class="notice" data-level=${level}>
          <span class="aside"><${Clock} at=${at} seconds=${false} /></span>
          <span class="words" dir="auto">${text}</span>
          <button type="button" class="quiet" aria-label="Put away" onClick=${() => dismissNotice(key)}>
            ×
          </button>
        </p>`,
      )}
    </div>
  `;
});
