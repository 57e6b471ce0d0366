/** Fields that only the server declares, by the keys it names: their English comes from there. */
export const declared: Record<string, string> = {};
