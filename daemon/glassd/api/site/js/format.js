// Times, sizes and shares in the words of the page's language.

import { locale, t } from "./words.js";

/** Return seconds as a person reads a wait: 85 ms, 1.2 s, 3 min. */
export function duration(seconds) {
  if (seconds < 0.9995) return t("time.ms", { n: Math.round(seconds * 1000) });
  if (seconds < 10) return t("time.s", { n: number(seconds, 1) });
  if (seconds < 90) return t("time.s", { n: Math.round(seconds) });
  if (seconds < 90 * 60) return t("time.min", { n: Math.round(seconds / 60) });
  if (seconds < 36 * 3600) return t("time.h", { n: Math.round(seconds / 3600) });
  return t("time.d", { n: Math.round(seconds / 86400) });
}

/** Return since when, in whole units: what is looked at again and again shall not run with every second. */
export function ago(seconds) {
  if (seconds < 5) return t("time.now");
  return t("time.ago", { time: duration(seconds < 60 ? Math.floor(seconds / 5) * 5 : seconds) });
}

/** Return a number with so many decimals at most. */
export function number(value, decimals = 0) {
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: decimals }).format(value);
}

/** Return a UTC instant in seconds as the date and time of the browser's zone; of today, the time alone. */
export function when(utc) {
  const date = new Date(utc * 1000);
  const today = date.toDateString() === new Date().toDateString();
  const time = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
  const day = { year: "numeric", month: "short", day: "numeric" };
  return new Intl.DateTimeFormat(locale(), today ? time : { ...day, ...time }).format(date);
}
