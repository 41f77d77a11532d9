// The board's API, as the pages call it: what it refuses comes as an ApiError, a lost session leads to the sign-in.

import { t } from "./words.js";

const LIMIT_MS = 20_000; // how long an answer's head may take
const LINE_LIMIT_CHARS = 4 * 1024 * 1024; // a line of a stream: an answer whole, with its reasoning

/** What the API refused, or that it could not be reached (`status` 0, `code` "unreachable"). */
export class ApiError extends Error {
  constructor(status, code, message, details = []) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

/** Return what a GET answers, as JSON. */
export async function get(path, options = {}) {
  return json(await request("GET", path, undefined, options));
}

/** Return what a POST of JSON answers, as JSON. */
export async function post(path, body = {}, options = {}) {
  return json(await request("POST", path, body, options));
}

/** Return what a request of another method (DELETE …) answers, as JSON; null where it answers nothing. */
export async function send(method, path, body = undefined, options = {}) {
  return json(await request(method, path, body, options));
}

/** Yield the objects of an answer of JSON lines, each as it comes. A GET unless there is a body. */
export async function* lines(path, body = undefined, options = {}) {
  const response = await request(body === undefined ? "GET" : "POST", path, body, options);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read().catch((error) => Promise.reject(unreachable(error)));
      if (done) return;
      const parts = (rest + value).split("\n");
      rest = parts.pop();
      if (rest.length > LINE_LIMIT_CHARS) throw new ApiError(200, "garbage", t("site.wrong_answer"));
      for (const part of parts) if (part) yield parsed(part);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Go to the sign-in, and come back from there to where we are. */
export function signIn() {
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
}

async function request(method, path, body, { signal, toSignIn = true, limitMs = LIMIT_MS } = {}) {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), limitMs);
  const stop = () => late.abort();
  signal?.addEventListener("abort", stop);
  if (signal?.aborted) stop();
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: late.signal,
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
    });
  } catch (error) {
    throw unreachable(error);
  } finally {
    clearTimeout(timer); // `signal` still ends what is being read
  }
  if (response.ok) return response;
  if (response.status === 401 && toSignIn) signIn();
  throw await refusal(response);
}

async function json(response) {
  const text = await response.text().catch((error) => Promise.reject(unreachable(error)));
  return text === "" ? null : parsed(text);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(200, "garbage", t("site.wrong_answer"));
  }
}

async function refusal(response) {
  const { error } = await response.json().catch(() => ({}));
  const { code = "request_invalid", message = `HTTP ${response.status}`, details = [] } = error ?? {};
  return new ApiError(response.status, code, message, details);
}

function unreachable(error) {
  const wanted = error?.name === "AbortError" ? "cancelled" : "unreachable";
  return new ApiError(0, wanted, t("site.unreachable"));
}
