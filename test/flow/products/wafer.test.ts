import { afterAll, beforeAll, describe } from 'vitest';
import { conform } from './document.ts';
import { openScene, type Scene } from './scene.ts';
import { variants, wafer } from './wafer.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene(wafer, variants);
});
afterAll(() => scene?.close());

describe('Wafer', () => conform(wafer, () => scene));
