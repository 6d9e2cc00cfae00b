/** "3 min 20 s", "2 h 5 min": the two largest units. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 1) return `${Math.max(0, Math.round(ms))} ms`;
  const units = { d: 86_400, h: 3600, min: 60, s: 1 };
  let left = seconds;
  const parts = Object.entries(units).flatMap(([name, size]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return count > 0 ? [`${count} ${name}`] : [];
  });
  return parts.slice(0, 2).join(" ");
}

/** "4 min ago", "in 20 s". */
export function relative(instant: string, now: number): string {
  const distance = Date.parse(instant) - now;
  if (Math.abs(distance) < 1000) return "now";
  return distance > 0 ? `in ${duration(distance)}` : `${duration(-distance)} ago`;
}

/** The reader's local time, with the date unless it is today. */
export function clockTime(instant: string | number, now: number): string {
  const at = new Date(instant);
  const isToday = at.toDateString() === new Date(now).toDateString();
  return isToday
    ? at.toLocaleTimeString()
    : at.toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" });
}

export function plural(count: number, one: string): string {
  return `${count.toLocaleString()} ${one}${count === 1 ? "" : "s"}`;
}
