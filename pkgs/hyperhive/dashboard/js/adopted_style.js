// A <style> element by other means: the policy refuses styles that a script writes into the document, and
// allows those of the CSS object model. xterm.js makes `adopted-style` elements where it made <style>; see
// vendor.mjs.

class AdoptedStyle extends HTMLElement {
  #sheet = new CSSStyleSheet();

  get textContent() {
    return "";
  }

  set textContent(css) {
    this.#sheet.replaceSync(css);
  }

  connectedCallback() {
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, this.#sheet];
  }

  disconnectedCallback() {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== this.#sheet);
  }
}

customElements.define("adopted-style", AdoptedStyle);
