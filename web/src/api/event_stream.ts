/** Server-sent events over fetch: unlike EventSource it can pass Last-Event-ID on a new connection, and tell when a connection is dead. */

export interface ServerEvent {
  id: string | null;
  event: string;
  data: string;
}

/** Cuts a stream of text into events, whatever the chunks it arrives in. */
export class EventParser {
  private rest = "";
  private id: string | null = null;
  private event = "";
  private data: string[] = [];
  private skip_line_feed = false;

  push(chunk: string): ServerEvent[] {
    let text = chunk;
    if (this.skip_line_feed && text.startsWith("\n")) text = text.slice(1);
    if (text !== "") this.skip_line_feed = text.endsWith("\r");
    const lines = (this.rest + text).split(/\r\n|\n|\r/);
    this.rest = lines.pop() ?? "";
    const events: ServerEvent[] = [];
    for (const line of lines) {
      if (line === "") {
        if (this.data.length > 0) {
          events.push({ id: this.id, event: this.event || "message", data: this.data.join("\n") });
        }
        this.event = "";
        this.data = [];
        continue;
      }
      const colon = line.indexOf(":");
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "id" && !value.includes("\0")) this.id = value;
      else if (field === "event") this.event = value;
      else if (field === "data") this.data.push(value);
    }
    return events;
  }
}

export type StreamState = "connecting" | "open" | "lost";

export interface StreamOptions {
  url: string;
  on_event: (event: ServerEvent) => void;
  on_state?: (state: StreamState) => void;
  fetch?: typeof fetch;
  /** The server sends a comment every 15 s; without anything for this long the connection counts as dead. */
  silence_ms?: number;
  first_delay_ms?: number;
  longest_delay_ms?: number;
}

/** Stays connected until `close`, and goes on after a break from the last event it saw. */
export class EventStream {
  private last_id: string | null = null;
  private failures = 0;
  private closed = false;
  private connection: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: StreamOptions) {}

  open(): void {
    void this.run();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.connection?.abort();
  }

  /** How long to wait before the next try. */
  private delay_ms(): number {
    const first = this.options.first_delay_ms ?? 500;
    return Math.min(this.options.longest_delay_ms ?? 10_000, first * 2 ** Math.max(0, this.failures - 1));
  }

  private async run(): Promise<void> {
    if (this.closed) return;
    this.options.on_state?.(this.failures === 0 ? "connecting" : "lost");
    const connection = new AbortController();
    this.connection = connection;
    let watchdog: ReturnType<typeof setTimeout> | undefined;
    const heard = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => connection.abort(), this.options.silence_ms ?? 40_000);
    };
    try {
      heard();
      const headers: Record<string, string> = { Accept: "text/event-stream" };
      if (this.last_id !== null) headers["Last-Event-ID"] = this.last_id;
      const request = this.options.fetch ?? fetch;
      const response = await request(this.options.url, { headers, signal: connection.signal, cache: "no-store" });
      if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
      this.failures = 0;
      this.options.on_state?.("open");
      await this.read(response.body, heard);
    } catch {
      // Whatever broke the connection, the cure is a new one.
    } finally {
      clearTimeout(watchdog);
    }
    if (this.closed) return;
    this.failures += 1;
    this.options.on_state?.("lost");
    this.timer = setTimeout(() => void this.run(), this.delay_ms());
  }

  private async read(body: ReadableStream<Uint8Array>, heard: () => void): Promise<void> {
    const parser = new EventParser();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      for (const event of parser.push(decoder.decode(value, { stream: true }))) {
        if (event.id !== null) this.last_id = event.id;
        if (!this.closed) this.options.on_event(event);
      }
    }
  }
}
