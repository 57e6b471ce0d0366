import { ActionIcon, Alert, Kbd, Menu, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { Link, useLocation, useNavigate } from "react-router";
import { is_active, useLive } from "../api/live";
import { useRunning, useSystem } from "../api/queries";
import { type Language, languages, useText } from "../text/text";
import { with_texts } from "../text/with_texts";
import { Icon } from "./icon";
import { useShortcuts } from "./shortcuts";
import { UserMenu } from "./user_menu";

const KeyList = lazy(with_texts(() => import("./key_list")));
const JumpDialog = lazy(with_texts(() => import("./jump_dialog")));

export function Shell({ children }: { children: ReactNode }) {
  const { t } = useText();
  const { state } = useLive();
  const navigate = useNavigate();
  const area = useArea();
  const [jump, set_jump] = useState(false);
  const [keys, set_keys] = useState(false);
  useShortcuts({
    "mod+k": () => set_jump(true),
    "?": () => set_keys(true),
    "n d": () => navigate("/datasets/new"),
    "n m": () => navigate("/models/new"),
    "g h": () => navigate("/"),
  });
  const link = (to: string, name: string, label: string, room: "any" | "wide" | "not_narrow" = "any") => (
    <Link
      to={to}
      className="top-link"
      aria-current={area === name ? "page" : undefined}
      data-wide={room === "wide"}
      data-narrow={room === "any"}
    >
      {label}
    </Link>
  );
  return (
    <>
      <a className="skip-link" href="#content">
        {t("nav.skip")}
      </a>
      <header className="top-bar">
        <div className="top-bar-inner">
          <Link to="/" className="brand">
            <img src="/icon.svg" alt={t("nav.home")} width={22} height={22} />
            <span>Digits</span>
          </Link>
          <nav aria-label={t("nav.main")} className="top-nav">
            {link("/?kind=dataset", "dataset", t("kind.datasets"))}
            {link("/?kind=model", "model", t("kind.models"))}
            {link("/?kind=evaluation", "evaluation", t("kind.evaluations"), "wide")}
            {link("/?kind=pretrained", "pretrained", t("nav.pretrained"), "wide")}
            {link("/compare", "compare", t("compare.action"), "not_narrow")}
          </nav>
          <UnstyledButton onClick={() => set_jump(true)} className="top-search" aria-label={`${t("nav.jump")} Ctrl K`}>
            <Icon name="search" />
            <span>{t("nav.jump")}</span>
            <Kbd size="xs">Ctrl K</Kbd>
          </UnstyledButton>
          <Devices />
          <UserMenu />
          <Settings on_keys={() => set_keys(true)} />
        </div>
      </header>
      <main className="page" id="content">
        {state === "lost" && (
          <Alert data-tone="warning" icon={<Icon name="warning" />} mb="md" role="status">
            {t("live.lost")}
          </Alert>
        )}
        {children}
      </main>
      {jump && (
        <Suspense>
          <JumpDialog close={() => set_jump(false)} />
        </Suspense>
      )}
      {keys && (
        <Suspense>
          <KeyList close={() => set_keys(false)} />
        </Suspense>
      )}
    </>
  );
}

/** Which entry of the top bar the page belongs to; null on Home where no list was chosen. */
function useArea(): string | null {
  const { pathname, search } = useLocation();
  if (pathname === "/") return new URLSearchParams(search).get("kind");
  return /^\/(dataset|model|evaluation|pretrained|compare)/.exec(pathname)?.[1] ?? null;
}

/** "1 of 2 devices free · 1 active": what a training could have now, and how many jobs run or wait. */
function Devices() {
  const { t } = useText();
  const room = useSystem().data?.training_room;
  const running = useRunning().data?.items.filter(is_active).length ?? 0;
  if (!room) return null;
  return (
    <Link
      to="/"
      className="top-link devices"
      data-testid="devices"
      data-running={running > 0}
      title={t("nav.devices.help")}
    >
      <span className="devices-dot" aria-hidden="true" />
      {t("nav.devices", { free: Math.max(0, room.total - room.taken), n: room.total })}
      {running > 0 && <span className="devices-running">{t("nav.running", { n: running })}</span>}
    </Link>
  );
}

function Settings({ on_keys }: { on_keys: () => void }) {
  const { t, language, set_language } = useText();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t("nav.settings")}>
          <Icon name="settings" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t("settings.theme")}</Menu.Label>
        {(["light", "dark", "auto"] as const).map((scheme) => (
          <Menu.Item
            key={scheme}
            onClick={() => setColorScheme(scheme)}
            rightSection={colorScheme === scheme ? <Icon name="check" /> : undefined}
          >
            {t(`settings.theme.${scheme}`)}
          </Menu.Item>
        ))}
        <Menu.Label>{t("settings.language")}</Menu.Label>
        {languages.map(({ id, name }) => (
          <Menu.Item
            key={id}
            lang={id}
            onClick={() => set_language(id as Language)}
            rightSection={language === id ? <Icon name="check" /> : undefined}
          >
            {name}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item component={Link} to="/system">
          {t("system.title")}
        </Menu.Item>
        <Menu.Item onClick={on_keys} rightSection={<Kbd size="xs">?</Kbd>}>
          {t("keys.title")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
