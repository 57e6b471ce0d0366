import { useMediaQuery } from "@mantine/hooks";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import {
  type CSSProperties,
  type MouseEvent,
  memo,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { Link, useNavigate } from "react-router";
import type { Job, JobKind } from "../api/client";
import { is_active } from "../api/live";
import { metric } from "../format/format";
import { judged } from "../format/judged";
import { Icon } from "../frame/icon";
import { useShortcuts } from "../frame/shortcuts";
import { job_path as address } from "../jobs/job_path";
import { StateWord } from "../jobs/job_state";
import { type TextKey, useText } from "../text/text";
import { DatasetGlance, DatasetThumbs } from "./dataset_glance";
import { is_plain, type ListContext, metric_of, type Row, range_of, value_of } from "./job_list";

const widths: Record<string, number> = {
  state: 116,
  dataset: 170,
  created: 140,
  finished: 140,
  took: 110,
  owner: 110,
  notes: 200,
  judged: 190,
};

/** A row, and one with thumbnails, as home.css has them. */
const row_px = 41;
const tall_row_px = 57;

export function useColumnWord(): (column: string) => string {
  const { t, best_of, last_of } = useText();
  return (column) => {
    if (is_plain(column)) return t(`column.${column}` as TextKey);
    return (column.startsWith("best.") ? best_of : last_of)(metric_of(column));
  };
}

export interface JobTableProps {
  kind: JobKind;
  rows: Row[];
  columns: string[];
  sort: string;
  on_sort: (sort: string) => void;
  context: ListContext;
  selected: ReadonlySet<string>;
  on_select: (selected: Set<string>) => void;
  on_collapse: (group: string) => void;
}

/** Jobs in rows, of which only those in sight exist; the mouse (Ctrl, Shift) and j, k, x select. */
export function JobTable({
  kind,
  rows,
  columns,
  sort,
  on_sort,
  context,
  selected,
  on_select,
  on_collapse,
}: JobTableProps) {
  const { t, whole } = useText();
  const word = useColumnWord();
  const navigate = useNavigate();
  const [current, set_current] = useState<string | null>(null);
  const anchor = useRef<string | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const [top, set_top] = useState(0);
  useLayoutEffect(() => {
    const place = () => set_top((box.current?.getBoundingClientRect().top ?? 0) + window.scrollY);
    place();
    const watch = new ResizeObserver(place);
    watch.observe(document.body);
    return () => watch.disconnect();
  }, []);
  const order = useMemo(() => rows.flatMap((row) => (row.type === "job" ? [row.job.id] : [])), [rows]);
  const narrow = useMediaQuery("(max-width: 700px)", undefined, { getInitialValueInEffect: false });
  const height = kind === "dataset" ? tall_row_px : row_px;
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: (i) => (narrow ? 120 : rows[i]?.type === "group" ? row_px : height),
    overscan: 8,
    scrollMargin: top,
    scrollPaddingStart: 100,
    scrollPaddingEnd: 80,
    getItemKey: (i) => {
      const row = rows[i]!;
      return row.type === "job" ? row.job.id : `group ${row.name}`;
    },
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: cards and rows differ in height
  useEffect(() => virtual.measure(), [narrow, height]);
  // Rows of a wide screen all have one height; cards do not.
  const measure = narrow ? virtual.measureElement : undefined;

  const choose = (id: string, how: "toggle" | "range") => {
    const next = new Set(selected);
    if (how === "range") for (const one of range_of(order, anchor.current, id)) next.add(one);
    else if (!next.delete(id)) next.add(id);
    anchor.current = id;
    on_select(next);
  };
  const move = (step: number) => {
    const at = current === null ? -1 : order.indexOf(current);
    const id = order[Math.min(order.length - 1, Math.max(0, at + step))];
    if (id === undefined) return;
    set_current(id);
    const row = rows.findIndex((one) => one.type === "job" && one.job.id === id);
    virtual.scrollToIndex(row, { align: "auto" });
  };
  const open_current = () => {
    const row = rows.find((one) => one.type === "job" && one.job.id === current);
    const focus = document.activeElement;
    if (row?.type === "job" && !(focus instanceof HTMLAnchorElement || focus instanceof HTMLButtonElement))
      navigate(address(row.job));
  };
  const clear = () => on_select(new Set());
  useShortcuts({
    j: () => move(1),
    k: () => move(-1),
    x: (event) => current !== null && choose(current, event.shiftKey ? "range" : "toggle"),
    Enter: open_current,
    Escape: clear,
  });
  // Rows are memorised; what they call is always the newest.
  const latest = useRef({ choose, navigate });
  latest.current = { choose, navigate };
  const [calls] = useState(() => ({
    click: (event: MouseEvent, job: Job) => {
      if (event.shiftKey || event.ctrlKey || event.metaKey) {
        event.preventDefault();
        latest.current.choose(job.id, event.shiftKey ? "range" : "toggle");
      } else latest.current.navigate(address(job));
    },
    tick: (event: MouseEvent, job: Job) => {
      event.stopPropagation();
      latest.current.choose(job.id, event.shiftKey ? "range" : "toggle");
    },
  }));
  useEffect(() => {
    if (current !== null && !order.includes(current)) set_current(null);
  }, [order, current]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `t` decides the words
  const words = useMemo(() => columns.map(word), [columns, t]);
  const items = virtual.getVirtualItems();
  const before = (items[0]?.start ?? top) - top;
  const after = virtual.getTotalSize() - ((items.at(-1)?.end ?? top) - top);
  const chosen_here = order.filter((id) => selected.has(id)).length;
  const wide = columns.reduce((sum, column) => sum + (widths[column] ?? 146), 300);
  return (
    <div ref={box} className="card job-table-box" data-wide={wide > 1390} data-tall={kind === "dataset"}>
      <table className="job-table" style={{ "--wide": `${wide}px` } as CSSProperties} aria-rowcount={rows.length + 1}>
        <colgroup>
          <col style={{ width: 36 }} />
          <col />
          {columns.map((column) => (
            <col key={column} style={{ width: widths[column] ?? 146 }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            <th>
              <input
                type="checkbox"
                aria-label={t("list.select_all")}
                checked={chosen_here > 0 && chosen_here === order.length}
                ref={(input) => {
                  if (input) input.indeterminate = chosen_here > 0 && chosen_here < order.length;
                }}
                onChange={() => on_select(new Set(chosen_here === order.length ? [] : order))}
              />
            </th>
            {["name", ...columns].map((column) => (
              <SortHead key={column} column={column} sort={sort} on_sort={on_sort}>
                {column === "name" ? t("field.name") : word(column)}
              </SortHead>
            ))}
          </tr>
        </thead>
        <tbody>
          {before > 0 && <Space height={before} columns={columns.length + 2} />}
          {items.map(({ index, key }) => {
            const row = rows[index]!;
            if (row.type === "group")
              return (
                <tr key={key} data-index={index} ref={measure} className="group-row">
                  <td>
                    <input
                      type="checkbox"
                      aria-label={t("list.select_group", { name: row.name || t("list.no_group") })}
                      checked={row.jobs.every((job) => selected.has(job.id))}
                      onChange={(event) => {
                        const next = new Set(selected);
                        for (const job of row.jobs)
                          event.currentTarget.checked ? next.add(job.id) : next.delete(job.id);
                        on_select(next);
                      }}
                    />
                  </td>
                  <td colSpan={columns.length + 1}>
                    <button type="button" aria-expanded={row.open} onClick={() => on_collapse(row.name)}>
                      <Icon name={row.open ? "chevron_down" : "chevron_right"} /> {row.name || t("list.no_group")}{" "}
                      <span className="dimmed">({whole(row.jobs.length)})</span>
                    </button>
                  </td>
                </tr>
              );
            return (
              <JobRow
                key={key}
                index={index}
                measure={measure}
                job={row.job}
                columns={columns}
                words={words}
                names={context.names}
                now={is_active(row.job) ? context.now : 0}
                selected={selected.has(row.job.id)}
                current={row.job.id === current}
                calls={calls}
              />
            );
          })}
          {after > 0 && <Space height={after} columns={columns.length + 2} />}
        </tbody>
      </table>
    </div>
  );
}

function Space({ height, columns }: { height: number; columns: number }) {
  return (
    <tr className="space-row">
      <td colSpan={columns} style={{ height, padding: 0 }} />
    </tr>
  );
}

function SortHead({
  column,
  sort,
  on_sort,
  children,
}: {
  column: string;
  sort: string;
  on_sort: (sort: string) => void;
  children: string;
}) {
  const state = sort === column ? "ascending" : sort === `-${column}` ? "descending" : undefined;
  // Words begin with A, everything else with the largest or newest.
  const first = /^(name|dataset|state|owner|notes|.*loss)$/.test(column) ? column : `-${column}`;
  const next = state === undefined ? first : state === "ascending" ? `-${column}` : column;
  return (
    <th aria-sort={state} data-number={is_number(column)}>
      <button type="button" onClick={() => on_sort(next)} title={children}>
        {children}
        {state && <Icon name={state === "ascending" ? "sort_up" : "sort_down"} />}
      </button>
    </th>
  );
}

interface JobRowProps {
  job: Job;
  index: number;
  measure: ((row: HTMLTableRowElement | null) => void) | undefined;
  columns: string[];
  words: string[];
  names: Map<string, string>;
  now: number;
  selected: boolean;
  current: boolean;
  calls: { click: (event: MouseEvent, job: Job) => void; tick: (event: MouseEvent, job: Job) => void };
}

const JobRow = memo(function JobRow({
  job,
  index,
  measure,
  columns,
  words,
  names,
  now,
  selected,
  current,
  calls,
}: JobRowProps) {
  const { t, date, exact_date, duration, series: words_of } = useText();
  const show = (column: string) => {
    if (column === "state") return <StateWord state={job.state} />;
    const value = value_of(job, column, { names, now });
    if (value === null) return "";
    if (column === "created" || column === "finished")
      return <span title={exact_date(String(value))}>{date(String(value))}</span>;
    if (column === "took") return duration(is_active(job) ? Math.floor(Number(value)) : Number(value));
    if (column === "judged") {
      const { name, value: best } = judged(job.best)!;
      return (
        <span>
          <span className="dimmed">{words_of(name)}</span> {metric(name, best)}
        </span>
      );
    }
    return typeof value === "number" ? metric(column, value) : value;
  };
  return (
    <tr
      ref={measure}
      data-index={index}
      aria-rowindex={index + 2}
      data-current={current}
      data-selected={selected}
      data-job={job.id}
      onClick={(event) => calls.click(event, job)}
    >
      <td>
        <input
          type="checkbox"
          aria-label={t("list.select", { name: job.name })}
          checked={selected}
          onClick={(event) => calls.tick(event, job)}
          onChange={() => {}}
        />
      </td>
      <td>
        <div className="job-name">
          {job.kind === "dataset" && <DatasetThumbs job={job} />}
          <div>
            <Link
              to={address(job)}
              className="plain-link"
              title={job.name}
              onClick={(event) => {
                event.stopPropagation();
                if (event.shiftKey) calls.click(event, job);
              }}
            >
              <b>{job.name}</b>
            </Link>
            {job.kind === "dataset" && <DatasetGlance job={job} />}
          </div>
        </div>
      </td>
      {columns.map((column, i) => {
        const content = show(column);
        return (
          <td key={column} data-label={words[i]} data-number={is_number(column)} data-empty={content === ""}>
            {content}
          </td>
        );
      })}
    </tr>
  );
});

function is_number(column: string): boolean {
  return column === "took" || column === "judged" || !(column === "name" || is_plain(column));
}
