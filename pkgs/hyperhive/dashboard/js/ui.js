// Owns the page's view library: Preact with htm templates, re-exported from the vendored files.
// Every interpolated value becomes a text node or a DOM property, so markup in it stays text.
import { Component, createContext, h, render } from "../vendor/preact.module.js";
import htm from "../vendor/htm.module.js";

export { createContext, render };
export {
  useCallback,
  useContext,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "../vendor/hooks.module.js";

export const html = htm.bind(h);

/** The view again, but rendered only when one of its props is another value. */
export function memo(view) {
  return class Memo extends Component {
    shouldComponentUpdate(next) {
      const names = new Set([...Object.keys(next), ...Object.keys(this.props)]);
      return [...names].some((name) => next[name] !== this.props[name]);
    }

    render() {
      return html`<${view} ...${this.props} />`;
    }
  };
}

/** Its children, or `failed` once one of them threw: one of many rows does not take the page with it. */
export class ErrorBoundary extends Component {
  static getDerivedStateFromError(error) {
    console.error(error);
    return { broken: true };
  }

  render({ failed, children }, { broken }) {
    return broken ? failed : children;
  }
}
