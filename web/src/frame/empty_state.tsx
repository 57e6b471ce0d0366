import type { ReactNode } from "react";
import { Icon, type IconName } from "./icon";

/** Where nothing is yet: what would be here, and the way to get it. */
export function EmptyState({
  icon,
  title,
  children,
  action,
  order,
}: {
  icon: IconName;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  /** 1 where nothing else is on the page. */
  order?: 1;
}) {
  return (
    <div className="empty">
      <Icon name={icon} />
      {order ? <h1 className="empty-title">{title}</h1> : <p className="empty-title">{title}</p>}
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}
