/** Fields that requests call by another name than the registry does. */
const NAMES: Readonly<Record<string, string>> = {
  ratePerSecond: 'rate_limit_per_second',
  ratePerMinute: 'rate_limit_per_minute',
  accountId: 'account',
  memberId: 'creator',
};

/** The fields of an audit entry as answers name them everywhere: in snake_case, and times by RFC 3339. */
export function told(fields: unknown): unknown {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return fields;
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      const isTime = name.endsWith('AtMs');
      const own = isTime ? name.slice(0, -2) : name;
      const shown = NAMES[name] ?? own.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      return [shown, isTime && typeof value === 'number' ? new Date(value).toISOString() : value];
    }),
  );
}
