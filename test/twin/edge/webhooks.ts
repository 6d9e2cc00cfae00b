import type { Clock } from "../clock.ts";
import type { Account, Subscription, World } from "../data/world.ts";
import type { Random } from "../random.ts";

/** A sent notification and its outcome. */
export interface Delivery {
  /** Epoch milliseconds of the twin's clock. */
  at: number;
  subscriptionId: string;
  uuid: string;
  event: string;
  body: unknown;
  /** Absent: no response. */
  status?: number;
}

/** The outgoing calls to the clients' addresses. */
export interface Webhooks {
  readonly deliveries: readonly Delivery[];
  /** @returns whether the address responds correctly to a validation request [docs: HOOK] */
  shakeHands(address: string): Promise<boolean>;
  /** Notifies every matching subscription of a change of an extension. */
  extensionChanged(world: World, account: Account, extensionId: string, hint: string): void;
  /** Notifies the subscribers of an account's directory of one changed contact. */
  directoryChanged(world: World, account: Account, contact: object): void;
  /** Resolves when every notification sent so far has a response or has timed out. */
  settled(): Promise<void>;
  close(): void;
}

/** [docs: HOOK] */
const RESPONSE_TIMEOUT_MS = 3_000;
const MAX_RESPONSE_BYTES = 1_024;
/** How many failures in a row make a subscription `Blacklisted`; the number is undocumented [unsure]. */
const PATIENCE = 5;

export function createWebhooks(clock: Clock, random: Random): Webhooks {
  const deliveries: Delivery[] = [];
  const closing = new AbortController();
  const inFlight = new Set<Promise<void>>();

  const post = (address: string, headers: Record<string, string>, body?: string) =>
    fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", "User-Agent": "RingCentral-WebHook/Twin", ...headers },
      redirect: "manual",
      signal: AbortSignal.any([closing.signal, AbortSignal.timeout(RESPONSE_TIMEOUT_MS)]),
      ...(body !== undefined && { body }),
    });

  async function deliver(subscription: Subscription, event: string, body: unknown, uuid: string) {
    const delivery: Delivery = { at: clock.now(), subscriptionId: subscription.id, uuid, event, body };
    deliveries.push(delivery);
    const envelope = {
      uuid,
      event,
      timestamp: new Date(delivery.at).toISOString(),
      subscriptionId: subscription.id,
      ownerId: subscription.ownerId,
      body,
    };
    const { address, verificationToken } = subscription;
    const headers = verificationToken === undefined ? {} : { "Verification-Token": verificationToken };
    const status = await post(address, headers, JSON.stringify(envelope)).then(
      async (response) => {
        await response.arrayBuffer();
        return response.status;
      },
      () => undefined,
    );
    if (status !== undefined) delivery.status = status;
    const accepted = status !== undefined && status >= 200 && status < 300;
    subscription.failures = accepted ? 0 : subscription.failures + 1;
    if (subscription.failures >= PATIENCE) subscription.status = "Blacklisted";
  }

  const send = (...delivery: Parameters<typeof deliver>) => {
    const sent = deliver(...delivery);
    inFlight.add(sent);
    void sent.finally(() => inFlight.delete(sent));
  };
  const subscribers = (world: World, account: Account) =>
    liveSubscriptions(world, clock.now()).filter(
      ({ accountId, status }) => accountId === account.id && status === "Active",
    );

  return {
    deliveries,
    async shakeHands(address) {
      const token = random.uuid();
      try {
        const response = await post(address, { "Validation-Token": token });
        const bytes = (await response.arrayBuffer()).byteLength + headerBytes(response.headers);
        return (
          response.status === 200 &&
          response.headers.get("validation-token") === token &&
          (response.headers.get("content-type") ?? "").startsWith("application/json") &&
          bytes <= MAX_RESPONSE_BYTES
        );
      } catch {
        return false;
      }
    },
    extensionChanged(world, account, extensionId, hint) {
      const list = `/restapi/v1.0/account/${account.id}/extension`;
      const hinted = { extensionId, eventType: "Update", hints: [hint] };
      for (const subscription of subscribers(world, account)) {
        for (const filter of subscription.eventFilters) {
          // The account's event names the extension, not the kind of change [docs: HOOK].
          const body = filter === list ? { extensionId, eventType: "Update" } : hinted;
          if (filter !== list && filter !== `${list}/${extensionId}`) continue;
          send(subscription, filter, body, random.uuid());
        }
      }
    },
    directoryChanged(world, account, contact) {
      const event = `/restapi/v1.0/account/${account.id}/directory/entries`;
      for (const subscription of subscribers(world, account)) {
        if (!subscription.eventFilters.includes(event)) continue;
        send(subscription, event, { contacts: [contact] }, random.uuid());
      }
    },
    async settled() {
      await Promise.all(inFlight);
    },
    close: () => closing.abort(),
  };
}

/** Removes expired subscriptions. */
export function liveSubscriptions(world: World, now: number): Subscription[] {
  return world.subscriptions.filter(({ expiresAt }) => expiresAt > now);
}

function headerBytes(headers: Headers): number {
  return [...headers].reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
}
