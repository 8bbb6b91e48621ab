"""A paper as a Word document, to be edited and signed; charts as pictures drawn as in the PDF."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from drgpay.report.labels import word
from drgpay.report.papers.layout import Room, laid_out, widths
from drgpay.report.papers.model import Block, Chart, Paper, Signature, Table
from drgpay.report.papers.packed import write_packed
from drgpay.report.papers.pdf import to_png
from drgpay.report.papers.texts import (
    GREY,
    INK,
    PALE,
    cell_text,
    font_of,
    is_number,
    lines_of,
)

_SIGN = 0.0225
"""centimetres of a narrow sign, by the points of its size"""
_MARGIN = 0.42
"""centimetres left and right of what stands in a cell"""
_SIZES = ((8, 8.5), (11, 7.5), (1_000, 6.0))
"""points of a table's signs, by how many columns it has at most"""
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_VML = 'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"'
_MARK = f"""<w:r {_W} {_VML}><w:pict>
<v:shapetype id="_x0000_t136" coordsize="21600,21600" o:spt="136" adj="10800"
 path="m@7,l@8,m@5,21600l@6,21600e"><v:formulas><v:f eqn="sum #0 0 10800"/><v:f eqn="prod #0 2 1"/>
<v:f eqn="sum 21600 0 @1"/><v:f eqn="sum 0 0 @2"/><v:f eqn="sum 21600 0 @3"/><v:f eqn="if @0 @3 0"/>
<v:f eqn="if @0 21600 @1"/><v:f eqn="if @0 0 @2"/><v:f eqn="if @0 @4 21600"/></v:formulas>
<v:path textpathok="t"/><v:textpath on="t" fitshape="t"/></v:shapetype>
<v:shape id="mark" type="#_x0000_t136" style="position:absolute;width:480pt;height:22pt;rotation:330;z-index:-1;
mso-position-horizontal:center;mso-position-horizontal-relative:margin;mso-position-vertical:center;
mso-position-vertical-relative:margin" fillcolor="#dfe5e9" stroked="f"><v:textpath string=%s/></v:shape>
</w:pict></w:r>"""


def to_docx(paper: Paper, path: Path) -> None:
    """Write the paper to ``path`` (.docx): the same paper gives the same bytes. ENGINE when python-docx, or for
    charts typst, is not installed; USAGE for more rows than a document takes."""
    write_packed(
        paper, path, lambda docx, its: _Printer(docx.Document(), its).print(),
        module="docx", program="Word", package="python-docx",
    )  # fmt: skip


class _Printer:
    def __init__(self, document: Any, paper: Paper) -> None:
        from docx.enum.section import WD_ORIENT
        from docx.oxml.ns import qn
        from docx.shared import Cm, Pt

        self.document = document
        self.section = document.sections[0]
        self.section.page_width, self.section.page_height = (Cm(29.7), Cm(21)) if paper.broad else (Cm(21), Cm(29.7))
        self.section.orientation = WD_ORIENT.LANDSCAPE if paper.broad else WD_ORIENT.PORTRAIT
        self.section.left_margin = self.section.right_margin = Cm(1.8)
        self.section.top_margin, self.section.bottom_margin = Cm(1.8), Cm(1.8)
        self.width = (29.7 if paper.broad else 21) - 3.6
        self.room = Room(self.width, _SIZES, _SIGN, _MARGIN)
        self.paper = laid_out(paper, self.room)
        style = document.styles["Normal"]
        style.font.name, style.font.size = font_of(paper.lang), Pt(10)
        style.element.rPr.rFonts.set(qn("w:eastAsia"), font_of(paper.lang))
        style.paragraph_format.space_after = Pt(3)
        document.core_properties.title = f"{paper.title} {paper.period}"
        document.core_properties.author = paper.issuer

    def print(self) -> Any:
        paper = self.paper
        self.text(paper.issuer, 11, GREY, centred=True)
        self.text(paper.title, 18, INK, centred=True, bold=True)
        self.text(paper.period, 11, "", centred=True)
        if paper.facts:
            self._facts()
        if paper.result:
            name, number, words = paper.result
            said = f"{name}  {number}" + (f"  {word('paper_in_words')[paper.lang]} {words}" if words else "")
            self.text(said, 12, INK, bold=True)
        for said in paper.opening:
            self.text(said, 10, "")
        for block in paper.blocks:
            self._block(block)
        for said in paper.closing:
            self.text(said, 10, "")
        for signature in paper.signatures:
            self._signature(signature)
        self._edges()
        return self.document

    def text(
        self, said: str, size: float, colour: str, *, centred: bool = False, bold: bool = False, into: Any = None
    ) -> Any:
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.shared import Pt, RGBColor

        paragraph = into if into is not None else self.document.add_paragraph()
        run = paragraph.add_run(said)
        run.font.size, run.bold = Pt(size), bold
        if colour:
            run.font.color.rgb = RGBColor.from_string(colour)
        if centred:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        return paragraph

    def _facts(self) -> None:
        facts = self.paper.facts
        grid = self.document.add_table(rows=-(-len(facts) // 2), cols=4)
        self._widths(grid, [self.width * share for share in (0.13, 0.37, 0.13, 0.37)])
        for at, (name, value) in enumerate(facts):
            row, left = grid.rows[at // 2], 2 * (at % 2)
            self.text(name, 9, GREY, into=row.cells[left].paragraphs[0])
            self.text(value, 9.5, "", into=row.cells[left + 1].paragraphs[0])
        self.document.add_paragraph()

    def _block(self, block: Block) -> None:
        from docx.shared import Cm

        if block.title:
            self.text(block.title, 12, INK, bold=True).paragraph_format.keep_with_next = True
        if isinstance(block, Chart):
            picture = BytesIO(to_png(block, self.paper.lang))
            self.document.add_picture(picture, width=Cm(min(17.0, self.width)))
        elif isinstance(block, Table):
            self._table(block)
        else:
            for said in block.paragraphs:
                self.text(said, 10, "")

    def _table(self, table: Table) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.oxml.ns import qn

        lines, lang = lines_of(table), self.paper.lang
        grid = self.document.add_table(rows=1 + len(lines), cols=len(table.columns))
        grid.style = "Table Grid"
        size = self.room.size(table)
        rows = list(grid.rows)
        head = rows[0]._tr.get_or_add_trPr()
        head.append(head.makeelement(qn("w:tblHeader"), {qn("w:val"): "true"}))
        for at, (cell, column) in enumerate(zip(rows[0].cells, table.columns, strict=True)):
            self._shade(cell, INK)
            paragraph = self.text(column.head, size, "FFFFFF", bold=True, into=cell.paragraphs[0])
            if is_number(table, at):
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        for row, line in zip(rows[1:], lines, strict=True):
            for at, cell in enumerate(row.cells):
                if line.strong:
                    self._shade(cell, PALE)
                said = cell_text(table, at, line, lang)
                paragraph = self.text(said, size, "", bold=line.strong, into=cell.paragraphs[0])
                if is_number(table, at):
                    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        self._widths(grid, widths(table, self.room, lang))
        self.document.add_paragraph()

    def _shade(self, cell: Any, colour: str) -> None:
        from docx.oxml.ns import qn

        properties = cell._tc.get_or_add_tcPr()
        shade = properties.makeelement(qn("w:shd"), {qn("w:val"): "clear", qn("w:fill"): colour})
        properties.append(shade)

    def _widths(self, grid: Any, centimetres: list[float]) -> None:
        from docx.shared import Cm

        grid.autofit = False
        widths = [Cm(wide) for wide in centimetres]
        for column, wide in zip(grid.columns, widths, strict=True):
            column.width = wide
        for row in grid.rows:
            for cell, wide in zip(row.cells, widths, strict=True):
                cell.width = wide

    def _signature(self, signature: Signature) -> None:
        self.text(signature.party, 11, INK, bold=True)
        for said in signature.lines:
            self.text(f"{said}  ____________________", 10, "")

    def _edges(self) -> None:
        """Whose copy it is behind the text and in the head; the trace and the page's number in the foot."""
        from docx.oxml import parse_xml

        paper, head, foot = self.paper, self.section.header.paragraphs[0], self.section.footer.paragraphs[0]
        if paper.mark:
            self.text(paper.mark, 7, GREY, into=head)
            head._p.append(parse_xml(_MARK % quoteattr(paper.mark)))
        self.text(f"{paper.trace}    ", 7, GREY, into=foot)
        before, _, rest = word("paper_page")[paper.lang].partition("{page}")
        between, _, after = rest.partition("{pages}")
        for said, field in ((before, "PAGE"), (between, "NUMPAGES"), (after, "")):
            self.text(said, 7, GREY, into=foot)
            if field:
                self._field(foot, field)

    def _field(self, paragraph: Any, name: str) -> None:
        from docx.oxml.ns import qn

        field = paragraph._p.makeelement(qn("w:fldSimple"), {qn("w:instr"): name})
        self.text("1", 7, GREY, into=paragraph)
        field.append(paragraph.runs[-1]._r)
        paragraph._p.append(field)
