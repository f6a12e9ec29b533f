import type { PolicyInput } from '../schema.ts';
import { keystile } from './keystile.ts';
import { rolling } from './rolling.ts';
import { wafer } from './wafer.ts';
import { wavis } from './wavis.ts';
import { wevion } from './wevion.ts';

/** The policies that come with Keystile, by the name that `preset` takes. */
export const presets: Readonly<Record<string, PolicyInput>> = { keystile, rolling, wafer, wavis, wevion };
