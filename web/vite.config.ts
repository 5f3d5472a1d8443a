import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

// One script and one style sheet with relative addresses: the atlas works in any folder, from any file server.
export default defineConfig({
  plugins: [svelte()],
  base: './',
  build: {
    outDir: '../src/optogram/viewer',
    emptyOutDir: true,
    assetsDir: 'assets',
    modulePreload: false,
    rollupOptions: {
      output: { entryFileNames: 'assets/viewer.js', assetFileNames: 'assets/viewer[extname]', chunkFileNames: 'assets/[name].js' },
    },
  },
})
