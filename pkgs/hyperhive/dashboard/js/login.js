// The login page: a token or a password, one try at a time, a clear sentence when it is refused.
import { withholdComposing } from "./keys.js";
import { post } from "./net/api.js";

const KINDS = {
  token: { label: "Token", autocomplete: "off" },
  password: { label: "Password", autocomplete: "current-password" },
};
const PLACE = "login-kind";

const form = document.getElementById("login");
const field = document.getElementById("secret");
const problem = document.getElementById("problem");
const button = form.querySelector("button");

function kind() {
  return new FormData(form).get("kind");
}

function show() {
  const { label, autocomplete } = KINDS[kind()];
  document.getElementById("secret-label").textContent = label;
  document.getElementById("hint").hidden = kind() !== "token";
  field.autocomplete = autocomplete;
  problem.textContent = "";
  localStorage.setItem(PLACE, kind());
}

async function submit(event) {
  event.preventDefault();
  const secret = field.value.trim();
  if (!secret || button.disabled) return;
  button.disabled = true;
  problem.textContent = "";
  try {
    await post("/api/login", { [kind()]: secret });
    location.reload();
  } catch (error) {
    problem.textContent = error.message;
    field.select();
    button.disabled = false;
  }
}

withholdComposing();
if (localStorage.getItem(PLACE) === "password") form.elements.kind.value = "password";
form.addEventListener("change", (event) => event.target.name === "kind" && show());
form.addEventListener("submit", submit);
show();
// Where the broker leads a login link that it refused.
if (location.hash === "#refused") {
  history.replaceState(null, "", "/");
  problem.textContent = "That login link is not valid. Print a new one.";
}
field.focus();
