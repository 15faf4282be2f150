"""Read what filled fields and typewriter notes show, which PDFium's text of a page does not contain."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from ctypes import POINTER, byref, c_float, c_ushort, cast, create_string_buffer
from dataclasses import dataclass, replace
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from pagetune.extract.linebreaks import join_lines
from pagetune.extract.word_boxes import Box, PdfBox

#: How a check box or a radio button is read.
TICKED, UNTICKED = "☑", "☐"
_SHOW_TEXT = raw.FPDF_ANNOT_WIDGET, raw.FPDF_ANNOT_FREETEXT
_TICK_BOXES = raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON
_TEXTS = raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_SIGNATURE
_CHOICES = raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX
_HIDDEN = raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW
_NOWHERE = (0.0, 0.0, -1.0, -1.0)
_MULTILINE = raw.FPDF_FORMFLAG_TEXT_MULTILINE
#: A value that a viewer's script may show in another format: a number, an amount, a date, a time.
_NUMBER = re.compile(r"[-+]?[\d.,:/ -]+%?")
_LINE_END = re.compile("\r\n|[\r\n\v\f\x85\u2028\u2029]")
#: What the only page of an XFA form says, and the number of characters that it has at most, in any language.
_NOTICE, _LONGEST_NOTICE = re.compile(r"Please wait\.\.\.|requires Adobe (?:Acrobat )?Reader"), 2000


@dataclass(frozen=True)
class Field:
    """What a field shows, and its box in points from the top left of the upright page.

    `text` has one line a line of the value, and is empty where the field is; a check box's is TICKED or UNTICKED.
    `size` is that of the font in points, or 0 where the viewer chooses it. `from_top` says that the text begins at the
    top of the box, not in its middle.
    """

    text: str
    box: Box
    size: float
    from_top: bool = False

    @property
    def is_tick_box(self) -> bool:
        return self.text in (TICKED, UNTICKED)


@dataclass(frozen=True)
class _Widget:
    """A field as the file stores it, with its box in the file.

    `may_differ` says that its drawing may show something else than `value`: a viewer's script writes a number or a date
    in another format, and some programs store the drawing alone.
    """

    value: str
    box: PdfBox
    size: float
    from_top: bool
    may_differ: bool


def is_xfa_only(pdf: pdfium.PdfDocument) -> bool:
    """Return whether the file holds an XFA form, and in place of its pages only one that asks for Adobe's programs.

    An XFA form whose pages are stored as well, with the fields of an ordinary form, can be read.
    """
    kind = raw.FPDF_GetFormType(pdf.raw)
    if kind not in (raw.FORMTYPE_XFA_FULL, raw.FORMTYPE_XFA_FOREGROUND) or len(pdf) != 1:
        return False
    page = pdf[0]
    text = page.get_textpage().get_text_range()
    if len(text) > _LONGEST_NOTICE or not (kind == raw.FORMTYPE_XFA_FULL or _NOTICE.search(text)):
        return False
    return not any(widget.value.strip(TICKED + UNTICKED) for widget in _widgets(page, page.get_mediabox()))


def read_fields(page: pdfium.PdfPage, index: int, shown: PdfBox, upright: Callable[[PdfBox], Box]) -> list[Field]:
    """Return the fields, check boxes, radio buttons and typewriter notes that are visible on page `index`.

    `shown` is the visible part of the page, and `upright` maps a box of the file to the upright page. Buttons and
    passwords are left out.
    """
    widgets = _widgets(page, shown)
    if any(widget.may_differ for widget in widgets):
        drawn = _drawn_texts(page, index, [widget.box if widget.may_differ else _NOWHERE for widget in widgets])
        widgets = [_as_drawn(widget, text) for widget, text in zip(widgets, drawn, strict=True)]
    return [Field(widget.value, upright(widget.box), widget.size, widget.from_top) for widget in widgets]


def _widgets(page: pdfium.PdfPage, shown: PdfBox) -> list[_Widget]:
    count = raw.FPDFPage_GetAnnotCount(page.raw)
    if count <= 0:
        return []
    wanted = [index for index in range(count) if _subtype(page, index) in _SHOW_TEXT]
    if not wanted:
        return []
    states = [_state(page, index) for index in wanted]  # opening the form adds some that the file does not have
    with _open_form(page) as form:
        found = [_read(page, form, index, shown, state) for index, state in zip(wanted, states, strict=True)]
    return [widget for widget in found if widget]


def _as_drawn(widget: _Widget, drawn: str) -> _Widget:
    """Return the widget with what is drawn, where that is its value in another format, or where it stores no value.

    A drawing that has only a part of the value does not show the rest, which is too long for the box.
    """
    formatted = any(map(str.isdigit, drawn)) and letters_of(drawn) not in letters_of(widget.value)
    if widget.may_differ and "\ufffd" not in drawn and (formatted or not widget.value):
        return replace(widget, value=drawn)
    return widget


def _drawn_texts(page: pdfium.PdfPage, index: int, boxes: list[PdfBox]) -> list[str]:
    """Return the text that the annotations draw in each box.

    PDFium draws them into the page, whose text then ends in theirs.
    """
    texts = [""] * len(boxes)
    own = page.get_textpage().get_text_range()
    with closing(page.pdf[index]) as copy:
        raw.FPDFPage_Flatten(copy.raw, raw.FLAT_NORMALDISPLAY)
    with closing(page.pdf[index]) as flat, closing(flat.get_textpage()) as textpage:
        text = textpage.get_text_range()
        if not text.startswith(own) or len(text) != textpage.count_chars():
            return texts
        place: int | None = None
        for at in range(len(own), len(text)):
            if not text[at].isspace():
                place = _box_at(textpage, at, boxes)
            if place is not None:
                texts[place] += text[at]
    return [join_lines(_clean_lines(text)) for text in texts]


def _box_at(textpage: pdfium.PdfTextPage, at: int, boxes: list[PdfBox]) -> int | None:
    """Return which box holds the middle of the page's character `at`."""
    left, bottom, right, top = textpage.get_charbox(at)
    x, y = (left + right) / 2, (bottom + top) / 2
    return next((place for place, box in enumerate(boxes) if box[0] <= x <= box[2] and box[1] <= y <= box[3]), None)


def _subtype(page: pdfium.PdfPage, index: int) -> int:
    with _annotation(page, index) as annotation:
        return int(raw.FPDFAnnot_GetSubtype(annotation))


def _state(page: pdfium.PdfPage, index: int) -> str:
    """Return which drawing of a check box is shown, or "" where the file leaves it to the viewer or names no value."""
    with _annotation(page, index) as annotation:
        shown = _string(raw.FPDFAnnot_GetStringValue, annotation, b"AS")
        stored = _string(raw.FPDFAnnot_GetStringValue, annotation, b"V")
        drawn = not shown or raw.FPDFAnnot_GetObjectCount(annotation) > 0
    return (shown or stored) if drawn else ""


@contextmanager
def _annotation(page: pdfium.PdfPage, index: int) -> Iterator[Any]:
    annotation = raw.FPDFPage_GetAnnot(page.raw, index)
    try:
        yield annotation
    finally:
        raw.FPDFPage_CloseAnnot(annotation)


@contextmanager
def _open_form(page: pdfium.PdfPage) -> Iterator[Any]:
    """Yield the handle of the document's form, which is closed together with the document.

    A document that was made of others may have fields without a form. PdfDocument.init_forms would refuse it.
    """
    pdf = page.pdf
    if pdf.formenv is None:
        config = raw.FPDF_FORMFILLINFO(version=2)
        pdf.formenv = pdfium.PdfFormEnv(raw.FPDFDOC_InitFormFillEnvironment(pdf.raw, config), config)
    form = pdf.formenv.raw
    raw.FORM_OnAfterLoadPage(page.raw, form)  # finds the fields that only the page names
    try:
        yield form
    finally:
        raw.FORM_OnBeforeClosePage(page.raw, form)


def _read(page: pdfium.PdfPage, form: Any, index: int, shown: PdfBox, state: str) -> _Widget | None:
    """Return the annotation with this index, or None where a reader of the page does not see a text there."""
    with _annotation(page, index) as annotation:
        box, size = _visible_box(annotation, shown), c_float()
        note = raw.FPDFAnnot_GetSubtype(annotation) == raw.FPDF_ANNOT_FREETEXT
        kind = raw.FPDF_FORMFIELD_TEXTFIELD if note else raw.FPDFAnnot_GetFormFieldType(form, annotation)
        flags = raw.FPDFAnnot_GetFormFieldFlags(form, annotation)
        password = kind == raw.FPDF_FORMFIELD_TEXTFIELD and flags & raw.FPDF_FORMFLAG_TEXT_PASSWORD
        if box is None or password or kind not in (*_TEXTS, *_TICK_BOXES, *_CHOICES):
            return None
        draws = kind in _TEXTS and _draws_text(annotation)
        if note:
            stored = _string(raw.FPDFAnnot_GetStringValue, annotation, b"Contents")
        else:
            stored = _stored_value(form, annotation, kind, state)
            raw.FPDFAnnot_GetFontSize(form, annotation, byref(size))
    value = "\n".join(_clean_lines(stored))
    from_top = note or "\n" in value or (kind == raw.FPDF_FORMFIELD_TEXTFIELD and bool(flags & _MULTILINE))
    return _Widget(value, box, max(0.0, size.value), from_top, draws and (not value or bool(_NUMBER.fullmatch(value))))


def _draws_text(annotation: Any) -> bool:
    """Return whether the annotation's drawing has text, or parts that may have."""
    objects = (raw.FPDFAnnot_GetObject(annotation, at) for at in range(raw.FPDFAnnot_GetObjectCount(annotation)))
    return any(raw.FPDFPageObj_GetType(each) in (raw.FPDF_PAGEOBJ_TEXT, raw.FPDF_PAGEOBJ_FORM) for each in objects)


def _clean_lines(text: str) -> list[str]:
    lines = (" ".join(line.split()) for line in _LINE_END.split(text.replace("\0", "")))
    return [line for line in lines if line]


def _visible_box(annotation: Any, shown: PdfBox) -> PdfBox | None:
    """Return the annotation's box, or None where a reader of the page does not see it."""
    rect = raw.FS_RECTF()
    if raw.FPDFAnnot_GetFlags(annotation) & _HIDDEN or not raw.FPDFAnnot_GetRect(annotation, byref(rect)):
        return None
    left, right = sorted((rect.left, rect.right))
    bottom, top = sorted((rect.bottom, rect.top))
    x, y = (left + right) / 2, (bottom + top) / 2
    seen = right - left > 1 and top - bottom > 1 and shown[0] <= x <= shown[2] and shown[1] <= y <= shown[3]
    return (left, bottom, right, top) if seen else None


def _stored_value(form: Any, annotation: Any, kind: int, state: str) -> str:
    if kind in _TICK_BOXES:
        return TICKED if raw.FPDFAnnot_IsChecked(form, annotation) or state not in ("", "Off") else UNTICKED
    if kind in _CHOICES:
        return _chosen(form, annotation)
    return _string(raw.FPDFAnnot_GetFormFieldValue, form, annotation)


def _chosen(form: Any, annotation: Any) -> str:
    """Return the labels of the options chosen, one a line, or the value where it is not one of the options."""
    chosen = [
        _string(raw.FPDFAnnot_GetOptionLabel, form, annotation, option)
        for option in range(raw.FPDFAnnot_GetOptionCount(form, annotation))
        if raw.FPDFAnnot_IsOptionSelected(form, annotation, option)
    ]
    return "\n".join(chosen) or _string(raw.FPDFAnnot_GetFormFieldValue, form, annotation)


def _string(read: Callable[..., int], *arguments: Any) -> str:
    """Return the text that one of PDFium's functions writes into a buffer in UTF-16."""
    size = read(*arguments, None, 0)
    if size <= 2:  # only the end of the text
        return ""
    buffer = create_string_buffer(size)
    read(*arguments, cast(buffer, POINTER(c_ushort)), size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace")


def letters_of(text: str) -> str:
    """Return the letters and digits: numbers are shown with commas, and lines end elsewhere."""
    text = unicodedata.normalize("NFC", text)
    return "".join(filter(str.isalnum, text)) or "".join(text.split())
