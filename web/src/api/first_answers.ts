/** What public/first_requests.js asked for before this application was there, by path. */
type FirstAnswers = Map<string, Promise<Response>>;

/** As `fetch`, but takes the answer to what was asked already; once, so that nothing old is shown later. */
export function fetch_first(request: Request): Promise<Response> {
  const first = (globalThis as { digits_first_answers?: FirstAnswers }).digits_first_answers;
  const { pathname, search } = new URL(request.url);
  const asked = request.method === "GET" ? first?.get(pathname + search) : undefined;
  if (!asked) return fetch(request);
  first?.delete(pathname + search);
  return asked.catch(() => fetch(request));
}
