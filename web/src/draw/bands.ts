// The grid as bands of a few rows, each on a canvas of its own that is drawn once and then scrolled by the browser: a frame draws what it exposes,
// no more. Canvases are taken in turn, so that a band keeps its canvas while it is near the screen.

export interface Layout {
  // Height of a band and width of the grid in CSS pixels, how many bands there are, and how many device pixels a CSS pixel has.
  tall: number
  wide: number
  bands: number
  ratio: number
}

// Which bands a screen from `top` over `height` touches, and `more` of them beyond its ends.
export function touched(layout: Layout, top: number, height: number, more = 1): [number, number] {
  const first = Math.max(0, Math.floor(top / layout.tall) - more)
  return [first, Math.min(layout.bands, Math.ceil((top + height) / layout.tall) + more)]
}

// Draws a band whole, or only the cells that lie on one sheet, which has just come.
export type Paint = (pen: CanvasRenderingContext2D, band: number, sheet: string | null) => void

export class Bands {
  private pool: { canvas: HTMLCanvasElement; pen: CanvasRenderingContext2D; band: number }[] = []
  private layout: Layout = { tall: 1, wide: 0, bands: 0, ratio: 1 }

  constructor(
    private host: HTMLElement,
    private paint: Paint,
  ) {}

  // Another size, order or picture: every band is drawn anew.
  begin(layout: Layout, paint: Paint, screen: number): void {
    const same = layout.tall === this.layout.tall && layout.wide === this.layout.wide && layout.ratio === this.layout.ratio
    this.layout = layout
    this.paint = paint
    const wanted = Math.ceil(screen / layout.tall) + 3
    while (this.pool.length > wanted) this.pool.pop()!.canvas.remove()
    for (const one of this.pool) {
      one.band = -1
      one.canvas.hidden = true
      if (!same) this.fit(one.canvas)
    }
    while (this.pool.length < wanted) {
      const canvas = document.createElement('canvas')
      this.fit(canvas)
      canvas.hidden = true
      this.host.append(canvas)
      this.pool.push({ canvas, pen: canvas.getContext('2d', { alpha: false })!, band: -1 })
    }
  }

  // Draws what this screen exposes. Called at every scroll, so it reads nothing of the page.
  show(top: number, height: number): void {
    const [first, last] = touched(this.layout, top, height)
    for (let band = first; band < last; band++) {
      const one = this.pool[band % this.pool.length]!
      if (one.band === band) continue
      one.band = band
      one.canvas.hidden = false
      one.canvas.style.transform = `translateY(${band * this.layout.tall}px)`
      this.draw(one, null)
    }
  }

  // A sheet that a band waits for has come; it may have left its canvas meanwhile.
  sharpen(band: number, sheet: string): void {
    const one = this.pool[band % this.pool.length]
    if (one?.band === band) this.draw(one, sheet)
  }

  // All bands that hold something, again.
  again(): void {
    for (const one of this.pool) if (one.band >= 0) this.draw(one, null)
  }

  end(): void {
    for (const { canvas } of this.pool) canvas.remove()
    this.pool = []
  }

  private draw(one: { pen: CanvasRenderingContext2D; band: number }, sheet: string | null): void {
    const { ratio } = this.layout
    one.pen.setTransform(ratio, 0, 0, ratio, 0, 0)
    this.paint(one.pen, one.band, sheet)
  }

  private fit(canvas: HTMLCanvasElement): void {
    const { wide, tall, ratio } = this.layout
    canvas.width = Math.max(1, Math.round(wide * ratio))
    canvas.height = Math.max(1, Math.round(tall * ratio))
    canvas.style.width = `${wide}px`
    canvas.style.height = `${tall}px`
  }
}
