using Spectre.Console;

namespace Lifeboat.Cli.Output;

/// <summary>A table for people: columns aligned by spaces, so that it can also be cut by <c>awk</c>.</summary>
internal sealed class TextTable
{
    /// <summary>Wide enough that nothing is broken where nobody's terminal is at the other end.</summary>
    private const int UnboundedWidth = 1000;

    private readonly Table _table = new Table().NoBorder();
    private int _columns;

    /// <param name="headings">A heading that begins with <c>&gt;</c> is of a column aligned to the right.</param>
    public TextTable(params ReadOnlySpan<string> headings)
    {
        foreach (var heading in headings)
        {
            var right = heading.StartsWith('>');
            var column = new TableColumn(new Text(right ? heading[1..] : heading)) { NoWrap = true };
            column.Padding = new Padding(0, 0, 2, 0);
            _table.AddColumn(right ? column.RightAligned() : column.LeftAligned());
            _columns++;
        }
    }

    public int Rows => _table.Rows.Count;

    public void Add(params ReadOnlySpan<string> cells)
    {
        var row = new Text[_columns];
        for (var at = 0; at < _columns; at++)
        {
            row[at] = new Text(at < cells.Length ? cells[at] : "");
        }

        _table.AddRow(row);
    }

    public void Print(TextWriter output)
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = new AnsiConsoleOutput(text),
        });
        console.Profile.Width = UnboundedWidth;
        console.Write(_table);
        foreach (var line in text.ToString().TrimEnd().Split('\n'))
        {
            output.WriteLine(line.TrimEnd());
        }
    }
}
