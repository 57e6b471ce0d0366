// Asks for what Home shows while the application itself is still on its way; src/api/first_answers.ts hands the answers on.
// (The server allows no script inside a page, and a file of the bundle would wait for all the others.)
if (location.pathname === "/")
  globalThis.digits_first_answers = new Map(
    [
      "/jobs?kind=model&sort=-created&limit=60",
      "/jobs?kind=dataset&sort=-created&limit=60",
      "/jobs?kind=evaluation&sort=-created&limit=60",
      "/jobs?kind=pretrained&sort=-created&limit=60",
      "/jobs?state=init%2Cwait%2Crun&limit=100",
      "/session",
      "/system",
    ].map((path) => {
      const answer = fetch(`/api/v1${path}`);
      answer.catch(() => {}); // Asked once more when it is needed.
      return [`/api/v1${path}`, answer];
    }),
  );
