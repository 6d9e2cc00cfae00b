/** The recent maximum of a count. It fades, so that a recent load is expected again. */
export interface Peak {
  count: number;
  /** Fleet time. */
  at: number;
}

/** Long enough to outlast a pause, short enough to forget a single burst within minutes. */
const HALF_LIFE_MS = 300_000;

export function faded(peak: Peak | undefined, now: number): number {
  return peak === undefined ? 0 : peak.count * 0.5 ** (Math.max(0, now - peak.at) / HALF_LIFE_MS);
}

export function raised(peak: Peak | undefined, count: number, now: number): Peak {
  return peak !== undefined && faded(peak, now) > count ? peak : { count, at: now };
}
