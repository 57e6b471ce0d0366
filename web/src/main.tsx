import "./frame/mantine.css";
import "./frame/styles/tokens.css";
import "./frame/styles/base.css";
import "./frame/styles/layout.css";
import "./frame/styles/top_bar.css";
import "./frame/styles/cards.css";
import "./frame/styles/controls.css";
import "./frame/styles/bars.css";
import "./frame/styles/images.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queries } from "./api/query_client";
import { App } from "./frame/app";
import { read_home } from "./home/read_home";
import { first_language, load_texts } from "./text/catalogue";

/** After so long the frame is shown without what the page waits for. */
const patience_ms = 150;

// Home is drawn once, with its jobs, and not first without them.
const home = location.pathname === "/" ? read_home(queries) : Promise.resolve();
const late = new Promise((resolve) => setTimeout(resolve, patience_ms));
const language = first_language();
const [texts] = await Promise.all([load_texts(language), Promise.race([home, late])]);
createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App text={{ language, ...texts }} />
  </StrictMode>,
);
