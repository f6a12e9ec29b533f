import { afterAll, beforeAll, describe } from 'vitest';
import { conform } from './document.ts';
import { openScene, type Scene } from './scene.ts';
import { variants, wavis } from './wavis.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene(wavis, variants);
});
afterAll(() => scene?.close());

describe('WAVIS', () => conform(wavis, () => scene));
