import { Button } from "@mantine/core";
import { Component, type ReactNode } from "react";
import { useLocation } from "react-router";
import { useText } from "../text/text";
import { EmptyState } from "./empty_state";

interface Props {
  /** Where the page is; another place is a new try. */
  place: string;
  fallback: ReactNode;
  children: ReactNode;
}

class Guard extends Component<Props, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override componentDidUpdate(before: Props): void {
    if (before.place !== this.props.place && this.state.failed) this.setState({ failed: false });
  }

  override render(): ReactNode {
    return this.state.failed ? this.props.fallback : this.props.children;
  }
}

/** A page that cannot be drawn says so; the rest of the application goes on. */
export function PageGuard({ children }: { children: ReactNode }) {
  const { t } = useText();
  const { pathname } = useLocation();
  const fallback = (
    <div className="card">
      <EmptyState
        icon="error"
        order={1}
        title={t("broken.title")}
        action={<Button onClick={() => window.location.reload()}>{t("broken.reload")}</Button>}
      >
        {t("broken.text")}
      </EmptyState>
    </div>
  );
  return (
    <Guard place={pathname} fallback={fallback}>
      {children}
    </Guard>
  );
}
