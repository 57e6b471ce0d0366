import { Skeleton } from "@mantine/core";
import { type ComponentType, createElement, lazy, Suspense } from "react";

type Props<Part> = Part extends ComponentType<infer P> ? P : never;

/** A component of a view that is loaded when it is first drawn. */
export function lazy_part<Parts, Name extends keyof Parts>(
  load: () => Promise<Parts>,
  name: Name,
  height = 120,
): ComponentType<Props<Parts[Name]>> {
  type Part = ComponentType<Props<Parts[Name]>>;
  const Loaded = lazy(async () => ({ default: (await load())[name] as Part }));
  const wait = <Skeleton height={height} />;
  // biome-ignore lint/correctness/noComponentHookFactories: called where modules are loaded, once for each part
  return function LazyPart(props: Props<Parts[Name]>) {
    return (
      <Suspense fallback={wait}>{createElement(Loaded as unknown as ComponentType<object>, props as object)}</Suspense>
    );
  };
}
