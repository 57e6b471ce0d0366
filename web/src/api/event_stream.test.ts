import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EventParser, EventStream, type ServerEvent } from "./event_stream";

describe("EventParser", () => {
  const text = 'id: 17\nevent: metrics\ndata: {"a":1}\n\n: comment\n\nid: 18\ndata: one\ndata: two\n\n';
  const expected: ServerEvent[] = [
    { id: "17", event: "metrics", data: '{"a":1}' },
    { id: "18", event: "message", data: "one\ntwo" },
  ];

  it("reads events whole", () => {
    expect(new EventParser().push(text)).toEqual(expected);
  });

  it("reads the same from every cut into two, with any end of line", () => {
    for (const ending of ["\n", "\r\n", "\r"]) {
      const sent = text.replaceAll("\n", ending);
      for (let cut = 0; cut <= sent.length; cut++) {
        const parser = new EventParser();
        const events = [...parser.push(sent.slice(0, cut)), ...parser.push(sent.slice(cut))];
        expect(events, `cut at ${cut} with ${JSON.stringify(ending)}`).toEqual(expected);
      }
    }
  });

  it("gives nothing before the empty line", () => {
    const parser = new EventParser();
    expect(parser.push("data: x\n")).toEqual([]);
    expect(parser.push("\n")).toEqual([{ id: null, event: "message", data: "x" }]);
  });
});

/** A server whose connections the test feeds and breaks. */
class FakeServer {
  connections: { last_id: string | null; send: (text: string) => void; end: () => void }[] = [];
  refuse = false;

  fetch = (async (_url: RequestInfo | URL, init?: RequestInit) => {
    if (this.refuse) throw new TypeError("Failed to fetch");
    const encoder = new TextEncoder();
    let controller!: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start(made) {
        controller = made;
      },
    });
    init?.signal?.addEventListener("abort", () => controller.error(new DOMException("aborted", "AbortError")));
    this.connections.push({
      last_id: new Headers(init?.headers).get("Last-Event-ID"),
      send: (text) => controller.enqueue(encoder.encode(text)),
      end: () => controller.close(),
    });
    return new Response(body, { status: 200 });
  }) as typeof fetch;
}

describe("EventStream", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function open(server: FakeServer) {
    const events: ServerEvent[] = [];
    const states: string[] = [];
    const stream = new EventStream({
      url: "/events",
      fetch: server.fetch,
      on_event: (event) => events.push(event),
      on_state: (state) => states.push(state),
    });
    stream.open();
    return { stream, events, states };
  }
  const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

  it("goes on after a break from the last event it saw", async () => {
    const server = new FakeServer();
    const { events, states, stream } = open(server);
    await settle();
    expect(server.connections[0]!.last_id).toBeNull();
    server.connections[0]!.send("id: 5\ndata: a\n\nid: 6\nda");
    await settle();
    server.connections[0]!.end();
    await settle();
    expect(states.at(-1)).toBe("lost");
    await settle(500);
    expect(server.connections).toHaveLength(2);
    // Event 6 was cut off, so it is asked for again.
    expect(server.connections[1]!.last_id).toBe("5");
    server.connections[1]!.send("id: 6\ndata: b\n\n");
    await settle();
    expect(events.map((event) => event.data)).toEqual(["a", "b"]);
    expect(states.at(-1)).toBe("open");
    stream.close();
  });

  it("tries again ever more slowly while the server is away, then quickly after the next break", async () => {
    const server = new FakeServer();
    server.refuse = true;
    const tries: number[] = [];
    const fetch = server.fetch;
    server.fetch = ((...request: Parameters<typeof fetch>) => {
      tries.push(Date.now());
      return fetch(...request);
    }) as typeof fetch;
    const { stream } = open(server);
    await settle(40_000);
    const waits = tries.slice(1).map((time, i) => time - tries[i]!);
    expect(waits.slice(0, 5)).toEqual([500, 1000, 2000, 4000, 8000]);
    expect(Math.max(...waits)).toBe(10_000);
    server.refuse = false;
    await settle(10_000);
    server.connections[0]!.end();
    await settle(500);
    expect(server.connections).toHaveLength(2);
    stream.close();
  });

  it("gives up a connection that has fallen silent", async () => {
    const server = new FakeServer();
    const { stream } = open(server);
    await settle();
    for (let i = 0; i < 4; i++) {
      await settle(15_000);
      server.connections[0]!.send(": still here\n\n");
    }
    await settle(1000);
    expect(server.connections).toHaveLength(1);
    await settle(41_000);
    expect(server.connections).toHaveLength(2);
    stream.close();
  });

  it("stays closed", async () => {
    const server = new FakeServer();
    const { stream, events } = open(server);
    await settle();
    stream.close();
    await settle(60_000);
    expect(server.connections).toHaveLength(1);
    expect(events).toEqual([]);
  });
});
