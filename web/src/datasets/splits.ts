/** The parts of a dataset, in the order in which they are shown. */
export const split_names = ["train", "val", "test"] as const;
