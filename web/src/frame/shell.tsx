import { ActionIcon, Alert, Kbd, Menu, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { Link, NavLink, useNavigate } from "react-router";
import { is_active, useLive } from "../api/live";
import { useRunning, useSystem } from "../api/queries";
import { type Language, languages, useText } from "../text/text";
import { useShortcuts } from "./shortcuts";
import { UserMenu } from "./user_menu";

const KeyList = lazy(() => import("./key_list"));
const JumpDialog = lazy(() => import("./jump_dialog"));

export function Shell({ children }: { children: ReactNode }) {
  const { t } = useText();
  const { state } = useLive();
  const navigate = useNavigate();
  const [jump, set_jump] = useState(false);
  const [keys, set_keys] = useState(false);
  useShortcuts({
    "mod+k": () => set_jump(true),
    "?": () => set_keys(true),
    "n d": () => navigate("/datasets/new"),
    "n m": () => navigate("/models/new"),
    "g h": () => navigate("/"),
  });
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
          <nav aria-label={t("nav.main")} style={{ display: "flex", flex: 1 }}>
            <NavLink to="/?kind=dataset" className="top-link" aria-current={false}>
              {t("kind.datasets")}
            </NavLink>
            <NavLink to="/?kind=model" className="top-link" aria-current={false}>
              {t("kind.models")}
            </NavLink>
            <NavLink to="/?kind=pretrained" className="top-link" aria-current={false} data-wide="true">
              {t("kind.pretrained_models")}
            </NavLink>
          </nav>
          <UnstyledButton onClick={() => set_jump(true)} className="top-link" visibleFrom="sm">
            {t("nav.jump")} <Kbd size="xs">Ctrl K</Kbd>
          </UnstyledButton>
          <Devices />
          <UserMenu />
          <Settings on_keys={() => set_keys(true)} />
        </div>
      </header>
      <main className="page" id="content">
        {state === "lost" && (
          <Alert color="yellow" mb="md" role="status">
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

/** "1/2 devices ▪ 1 running": what a training could have now, and what runs. */
function Devices() {
  const { t } = useText();
  const room = useSystem().data?.training_room;
  const running = useRunning().data?.items.filter(is_active).length ?? 0;
  if (!room) return null;
  return (
    <Link to="/" className="top-link devices" data-testid="devices" title={t("nav.devices.help")}>
      {t("nav.devices", { free: Math.max(0, room.total - room.taken), n: room.total })}
      {running > 0 && <span className="devices-running">▪ {t("nav.running", { n: running })}</span>}
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
          <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
            <g fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round">
              <path d="M2 5h6m4 0h4M2 13h2m4 0h8" />
              <circle cx="10" cy="5" r="2" />
              <circle cx="6" cy="13" r="2" />
            </g>
          </svg>
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t("settings.theme")}</Menu.Label>
        {(["light", "dark", "auto"] as const).map((scheme) => (
          <Menu.Item
            key={scheme}
            onClick={() => setColorScheme(scheme)}
            rightSection={colorScheme === scheme ? "✓" : undefined}
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
            rightSection={language === id ? "✓" : undefined}
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
