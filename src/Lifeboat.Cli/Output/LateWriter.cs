using System.Text;

namespace Lifeboat.Cli.Output;

/// <summary>Writes to what is made at the first write.</summary>
internal sealed class LateWriter(Func<TextWriter> make) : TextWriter
{
    private TextWriter? _made;

    public override Encoding Encoding => Made.Encoding;

    private TextWriter Made => _made ??= make();

    public override void Write(char value) => Made.Write(value);

    public override void Write(string? value) => Made.Write(value);

    public override void WriteLine(string? value) => Made.WriteLine(value);

    public override void Flush() => _made?.Flush();
}
