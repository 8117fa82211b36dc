"""Official papers as PDF: HTML templates of ``templates/print/`` laid out by WeasyPrint.

``render.render_pdf`` is the way in, for a worker or a command, never for a web process;
``render.render_html`` gives the same page for a preview. ``glyphs.missing_glyphs`` tells at
entry which characters of a name the fonts cannot print. Importing this package loads neither
WeasyPrint nor Pango: only the first render does.
"""
