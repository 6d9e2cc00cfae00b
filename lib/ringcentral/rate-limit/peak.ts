/** The most there was of something, fading: what happened lately may happen again. */
export interface Peak {
  count: number;
  /** Reference time. */
  at: number;
}

/** Long enough to outlast a gate, short enough to forgive a single burst within minutes. */
const HALF_LIFE_MS = 300_000;

export function faded(peak: Peak | undefined, now: number): number {
  return peak === undefined ? 0 : peak.count * 0.5 ** (Math.max(0, now - peak.at) / HALF_LIFE_MS);
}

export function raised(peak: Peak | undefined, count: number, now: number): Peak {
  return peak !== undefined && faded(peak, now) > count ? peak : { count, at: now };
}
