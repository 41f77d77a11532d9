// The sign-in: a pairing code or the token becomes a session, and then it goes on to where one wanted to be.

import { ApiError, post } from "./api.js";
import { byId } from "./dom.js";
import { addWords, currentLanguage, onLanguage, setLanguage, t, translate } from "./words.js";
import words from "./words-sign-in.js";

const CODE = /^[0-9a-z]{4}-?[0-9a-z]{4}$/i; // as the board makes them; blanks are left out before
const GLASSES = "/glasses"; // the one page that a pair of glasses may open

addWords(words);
translate();

const form = byId("form");
const secret = byId("secret");
const show = byId("show");
const submit = byId("submit");
const told = byId("told");
const language = byId("language");

onLanguage(nameLanguage);
nameLanguage();
language.addEventListener("click", () => setLanguage(other()));
show.addEventListener("click", () => {
  const shown = secret.type === "password";
  secret.type = shown ? "text" : "password";
  show.setAttribute("aria-pressed", String(shown));
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const given = secret.value.trim();
  if (given !== "") signIn(given);
});

if (wanted().startsWith(GLASSES)) byId("command").textContent = "glassd pair";

const code = codeOfLink();
if (code === null) secret.focus();
else signIn(code);

/** Return the code of a pairing link, and take it out of the address: nobody is to read it over a shoulder later. */
function codeOfLink() {
  const given = new URLSearchParams(location.hash.slice(1)).get("code");
  if (given !== null) history.replaceState(null, "", location.pathname + location.search);
  return given;
}

async function signIn(given) {
  busy(true);
  tell("");
  try {
    goOn((await session(given)).scope);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    tell(reason(error));
    busy(false);
    secret.select();
    secret.focus();
  }
}

/** Begin a session. What looks like a code may still be a token that somebody chose. */
async function session(given) {
  const plain = given.replace(/\s+/g, "");
  if (CODE.test(plain)) {
    try {
      return await post("/api/sessions", { code: plain }, { toSignIn: false });
    } catch (error) {
      if (error.status !== 401) throw error;
    }
  }
  return post("/api/sessions", { token: given }, { toSignIn: false });
}

function reason(error) {
  if (error.status === 401) return t("sign_in.wrong");
  if (error.status === 429) return t("sign_in.wait", { seconds: error.message.match(/\d+/)?.[0] ?? 60 });
  return error.message;
}

function goOn(scope) {
  location.replace(scope === "glasses" ? GLASSES : wanted());
}

/** Return where to go on: a path of this site, whatever `next` says. */
function wanted() {
  const next = new URLSearchParams(location.search).get("next") ?? "/";
  try {
    const url = new URL(next, location.origin);
    const own = url.origin === location.origin && next.startsWith("/") && url.pathname !== location.pathname;
    return own ? url.pathname + url.search + url.hash : "/";
  } catch {
    return "/";
  }
}

function tell(text) {
  told.textContent = text;
  told.hidden = text === "";
}

function busy(on) {
  submit.disabled = on;
  submit.textContent = t(on ? "sign_in.open" : "sign_in.submit");
}

function other() {
  return currentLanguage() === "zh" ? "en" : "zh";
}

function nameLanguage() {
  language.textContent = t("site.language");
  language.lang = other();
  language.setAttribute("aria-label", t("site.language_label"));
}
