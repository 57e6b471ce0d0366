import { createTheme, type MantineColorsTuple } from "@mantine/core";

/** The one accent; its last shade is for the dark theme. styles/tokens.css has every other colour. */
const accent: MantineColorsTuple = [
  "#edf2ff",
  "#dbe5ff",
  "#b8ccff",
  "#8fadfb",
  "#6a8ff3",
  "#4a73e8",
  "#3f68dd",
  "#3a62d8",
  "#2f54c2",
  "#3a62d8",
];

/** Mantine's own greys for the dark theme, set to the surfaces of styles/tokens.css. */
const dark: MantineColorsTuple = [
  "#e6e9ee",
  "#c4cad3",
  "#a4adb9",
  "#8d96a3",
  "#3b424e",
  "#2a2f38",
  "#1c2027",
  "#16191e",
  "#121418",
  "#0e1013",
];

export const theme = createTheme({
  colors: { accent, dark },
  primaryColor: "accent",
  primaryShade: { light: 8, dark: 9 },
  defaultRadius: 6,
  radius: { xs: "3px", sm: "6px", md: "8px", lg: "10px", xl: "16px" },
  cursorType: "pointer",
  fontFamily:
    '"Inter", system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", "PingFang SC", "Noto Sans CJK SC", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace',
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "22px" },
  spacing: { xs: "8px", sm: "12px", md: "16px", lg: "24px", xl: "32px" },
  headings: {
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "22px", lineHeight: "1.3" },
      h2: { fontSize: "16px", lineHeight: "1.4" },
      h3: { fontSize: "14px", lineHeight: "1.4" },
    },
  },
  // By their names: to import them here would put them all into the first page.
  components: {
    Alert: { defaultProps: { radius: 8 } },
    // Fields of a row stay in line however long their help is.
    InputWrapper: { defaultProps: { inputWrapperOrder: ["label", "input", "description", "error"] } },
    NumberInput: { defaultProps: { allowedDecimalSeparators: [",", "."] } },
    // Its empty element that takes the focus is not an item of a menu; without it the menu itself has the focus.
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    Table: { defaultProps: { verticalSpacing: 7, fz: 13 } },
    // What is wider than the window is scrolled by keys, too.
    TableScrollContainer: { defaultProps: { scrollAreaProps: { viewportProps: { tabIndex: 0 } } } },
  },
});
