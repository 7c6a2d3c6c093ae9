package widgets

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// Video shows pictures as large as they fit, and a message over them where they are not live. Without a picture it is
// black in either theme.
type Video struct {
	widget.BaseWidget

	picture *image.RGBA
	frozen  bool
	image   *canvas.Image
	message *messageCard
}

// NewVideo returns a Video without a picture.
func NewVideo() *Video {
	v := &Video{message: newMessageCard()}
	v.image = canvas.NewImageFromImage(nil)
	v.image.FillMode = canvas.ImageFillContain
	v.image.ScaleMode = canvas.ImageScaleFastest // on the graphics card; the default scales on the window's goroutine
	v.image.CornerRadius = radius
	v.image.Hide()
	v.ExtendBaseWidget(v)
	return v
}

// SetPicture shows a picture, or none where nil. It must not be written to until the next one has been set.
func (v *Video) SetPicture(picture *image.RGBA) {
	v.picture = picture
	if picture == nil {
		v.image.Image = nil
		if v.image.Visible() {
			v.image.Hide()
			v.Refresh()
		}
		return
	}
	v.image.Image = picture
	if v.frozen {
		v.image.Image = deaden(picture)
	}
	if v.image.Hidden {
		v.image.Show()
		v.Refresh()
	}
	v.image.Refresh()
}

// SetFrozen makes the picture look dead, grey and dark, or alive again.
func (v *Video) SetFrozen(frozen bool) {
	if v.frozen == frozen {
		return
	}
	v.frozen = frozen
	v.SetPicture(v.picture)
}

// SetMessage changes the message.
func (v *Video) SetMessage(m Message) {
	if v.message.set(m) {
		v.Refresh()
	}
}

// Message returns the message shown.
func (v *Video) Message() Message { return v.message.shown }

// CreateRenderer implements fyne.Widget.
func (v *Video) CreateRenderer() fyne.WidgetRenderer {
	r := &videoRenderer{v: v, ground: canvas.NewRectangle(color.NRGBA{R: 5, G: 8, B: 10, A: 255})}
	r.ground.CornerRadius = radius
	return r
}

type videoRenderer struct {
	v      *Video
	ground *canvas.Rectangle
}

func (r *videoRenderer) Layout(size fyne.Size) {
	r.ground.Hidden = r.v.image.Visible() // to paint what a picture covers is work for nothing
	r.ground.Resize(size)
	r.v.image.Resize(size)
	r.v.message.place(size)
}

func (r *videoRenderer) MinSize() fyne.Size { return fyne.NewSize(96, 54) }

func (r *videoRenderer) Refresh() {
	r.Layout(r.v.Size())
	canvas.Refresh(r.v)
}

func (r *videoRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.ground, r.v.image, r.v.message}
}

func (r *videoRenderer) Destroy() {}

// deaden returns a grey and dark copy.
func deaden(picture *image.RGBA) *image.RGBA {
	dead := image.NewRGBA(picture.Rect)
	for i := 0; i+3 < len(picture.Pix) && i+3 < len(dead.Pix); i += 4 {
		r, g, b := uint32(picture.Pix[i]), uint32(picture.Pix[i+1]), uint32(picture.Pix[i+2])
		y := uint8((r*77 + g*150 + b*29) >> 8 * 2 / 5)
		dead.Pix[i], dead.Pix[i+1], dead.Pix[i+2], dead.Pix[i+3] = y, y, y, 255
	}
	return dead
}
