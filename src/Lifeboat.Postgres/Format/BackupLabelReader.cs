using System.Globalization;

namespace Lifeboat.Postgres.Format;

/// <summary>
/// Takes a backup_label apart from the top, line by line, but for the label: it may hold line breaks, so it ends where
/// the last <c>START TIMELINE</c> begins.
/// </summary>
internal sealed class BackupLabelReader(string text)
{
    private const string AfterLabel = "\nSTART TIMELINE: ";

    private int _at;

    public BackupLabel Read()
    {
        var (startLocation, startFile) = StartLocation(Line("START WAL LOCATION: "));
        var checkpoint = Position(Line("CHECKPOINT LOCATION: "));
        var method = Line("BACKUP METHOD: ");
        var from = Line("BACKUP FROM: ");
        var startTime = Line("START TIME: ");
        var label = Label();
        var timeline = Number(Line("START TIMELINE: "));
        Lsn? incrementalLsn = null;
        Timeline? incrementalTimeline = null;
        if (_at < text.Length)
        {
            incrementalLsn = Position(Line("INCREMENTAL FROM LSN: "));
            incrementalTimeline = Number(Line("INCREMENTAL FROM TLI: "));
        }

        if (_at < text.Length)
        {
            throw Bad("there is something behind the last line");
        }

        if (!Timeline.TryParseHex(startFile.AsSpan(0, 8), out var fileTimeline) || fileTimeline != timeline)
        {
            throw Bad($"segment {startFile} is not on timeline {timeline}");
        }

        return new BackupLabel(
            startLocation, startFile, checkpoint, method, from, startTime, label, timeline, incrementalLsn,
            incrementalTimeline);
    }

    private static Exception Bad(string cause) => Unreadable.File(BackupLabel.FileName, cause);

    private static (Lsn Location, string File) StartLocation(string value)
    {
        const string Before = " (file ";
        var at = value.IndexOf(Before, StringComparison.Ordinal);
        if (at < 0 || !value.EndsWith(')'))
        {
            throw Bad("START WAL LOCATION does not name a file");
        }

        var file = value[(at + Before.Length)..^1];
        return WalSegmentName.HasForm(file)
            ? (Position(value[..at]), file)
            : throw Bad("START WAL LOCATION does not name a WAL segment");
    }

    private static Lsn Position(string value) =>
        Lsn.TryParse(value, out var lsn) ? lsn : throw Bad("a position is not one such as 16/B374D848");

    private static Timeline Number(string value) =>
        uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number != 0
            ? new Timeline(number)
            : throw Bad("a timeline is not a number of 1 or more");

    private string Line(string name)
    {
        Expect(name);
        var end = text.IndexOf('\n', _at);
        if (end < 0)
        {
            throw Bad($"the line {name.TrimEnd(' ', ':')} is cut off");
        }

        var value = text[_at..end];
        _at = end + 1;
        return value;
    }

    private string Label()
    {
        Expect("LABEL: ");
        var end = text.LastIndexOf(AfterLabel, StringComparison.Ordinal);
        if (end < _at)
        {
            throw Bad("START TIMELINE is missing");
        }

        var value = text[_at..end];
        _at = end + 1;
        return value;
    }

    private void Expect(string name)
    {
        if (!text.AsSpan(_at).StartsWith(name, StringComparison.Ordinal))
        {
            throw Bad($"{name.TrimEnd(' ', ':')} is missing");
        }

        _at += name.Length;
    }
}
