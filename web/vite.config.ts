import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

// Relative addresses: the atlas works in any folder, from any file server. What few readers open (labs, quiz) is a script of its own, fetched then.
// `--mode single` builds the same as one script, for pages that hold everything inside: they cannot fetch.
export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  base: './',
  build: {
    outDir: mode === 'single' ? '../src/optogram/viewer/single' : '../src/optogram/viewer',
    emptyOutDir: true,
    assetsDir: 'assets',
    modulePreload: false,
    cssCodeSplit: false,
    rollupOptions:
      mode === 'single'
        ? { input: 'src/main.ts', output: { entryFileNames: 'viewer.js', assetFileNames: 'viewer[extname]', codeSplitting: false } }
        : { output: { entryFileNames: 'assets/viewer.js', assetFileNames: 'assets/viewer[extname]', chunkFileNames: 'assets/[name].js' } },
  },
}))
