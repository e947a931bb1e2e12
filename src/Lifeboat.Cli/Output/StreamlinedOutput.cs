using System.Text;

namespace Lifeboat.Cli.Output;

/// <summary>
/// Gathers many lines before they go to the console, which would be asked once for each of them. What is gathered is
/// written when this is disposed of.
/// </summary>
internal sealed class StreamlinedOutput : IDisposable
{
    private const int MostCharacters = 64 << 10;

    private readonly Gatherer _gatherer;

    public StreamlinedOutput(TextWriter output) => _gatherer = new Gatherer(output);

    public TextWriter Writer => _gatherer;

    public void Dispose() => _gatherer.Flush();

    private sealed class Gatherer(TextWriter output) : TextWriter
    {
        private readonly StringBuilder _text = new();

        public override Encoding Encoding => output.Encoding;

        public override void Write(char value)
        {
            _text.Append(value);
            Limit();
        }

        public override void Write(string? value)
        {
            _text.Append(value);
            Limit();
        }

        public override void WriteLine(string? value)
        {
            _text.Append(value).Append('\n');
            Limit();
        }

        public override void WriteLine(StringBuilder? value)
        {
            _text.Append(value).Append('\n');
            Limit();
        }

        public override void Flush()
        {
            foreach (var chunk in _text.GetChunks())
            {
                output.Write(chunk.Span);
            }

            _text.Clear();
            output.Flush();
        }

        private void Limit()
        {
            if (_text.Length >= MostCharacters)
            {
                Flush();
            }
        }
    }
}
