// Owns the page's view library: Preact with htm templates, re-exported from the vendored files.
// Every interpolated value becomes a text node or a DOM property, so markup in it stays text, and what it
// hides is shown by marks; only an element with `data-prose` holds a text as it was written.
import { Component, createContext, h, render } from "../vendor/preact.module.js";
import htm from "../vendor/htm.module.js";
import { visible } from "./visible.js";

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

/** Properties that are read as the text of an element is. */
const TEXTS = ["title", "aria-label", "alt", "placeholder"];

function shown(child) {
  if (typeof child === "string") return visible(child);
  return Array.isArray(child) ? child.map(shown) : child;
}

function element(type, props, ...children) {
  if (typeof type !== "string" || props?.["data-prose"]) return h(type, props, ...children);
  const texts = TEXTS.filter((name) => typeof props?.[name] === "string");
  const marked = texts.map((name) => [name, visible(props[name])]);
  return h(type, marked.length ? { ...props, ...Object.fromEntries(marked) } : props, ...children.map(shown));
}

export const html = htm.bind(element);

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
