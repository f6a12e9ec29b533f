import type { PolicyInput } from '../schema.ts';
import { keystile } from './keystile.ts';
import { wavis } from './wavis.ts';

/** The policies that come with Keystile, by the name that `preset` takes. */
export const presets: Readonly<Record<string, PolicyInput>> = { keystile, wavis };
