import "./overlay.css";

export interface Figure {
  id: string;
  label: string;
  value: string;
  title?: string;
}

/** The numbers of an evaluation, large; a click leads to the images. */
export function Figures({
  figures,
  on_open,
  hint,
}: {
  figures: Figure[];
  on_open?: (id: string) => void;
  hint?: string;
}) {
  return (
    <ul className="figures" data-testid="figures">
      {figures.map(({ id, label, value, title }) => (
        <li key={id} data-figure={id}>
          {on_open ? (
            <button type="button" className="figure" onClick={() => on_open(id)} title={hint}>
              <span>{label}</span>
              <b>{value}</b>
              {title && <small>{title}</small>}
            </button>
          ) : (
            <span className="figure">
              <span>{label}</span>
              <b>{value}</b>
              {title && <small>{title}</small>}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
