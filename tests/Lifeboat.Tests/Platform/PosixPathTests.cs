using Lifeboat.Platform.Files;
using Xunit;

namespace Lifeboat.Tests.Platform;

public sealed class PosixPathTests
{
    [Fact]
    public void Any_bytes_of_a_name_survive_the_way_to_a_string_and_back()
    {
        const int seed = 97;
        var random = new Random(seed);
        // Rich in what makes UTF-8 hard: lead bytes, continuation bytes, encoded surrogates, ASCII.
        byte[] alphabet =
        [
            0x2F, 0x41, 0x7F, 0x80, 0xBF, 0xC3, 0xA9, 0xE2, 0x82, 0xAC, 0xED, 0xA0, 0xB0, 0xF0, 0x9F, 0x98,
            0xFE, 0xFF,
        ];
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = new byte[random.Next(12)];
            for (var at = 0; at < bytes.Length; at++)
            {
                bytes[at] = alphabet[random.Next(alphabet.Length)];
            }

            var text = PosixPath.Decode(bytes);
            Assert.True(
                PosixPath.Encode(text).AsSpan().SequenceEqual(bytes),
                $"seed {seed}, round {round}: {Convert.ToHexString(bytes)}");
        }
    }

    [Fact]
    public void Different_bytes_are_different_strings()
    {
        Assert.Equal("a\uDCFFb", PosixPath.Decode([0x61, 0xFF, 0x62]));
        Assert.Equal("é", PosixPath.Decode([0xC3, 0xA9]));
        Assert.Equal("\uDCC3", PosixPath.Decode([0xC3]));
        Assert.Equal("😀", PosixPath.Decode([0xF0, 0x9F, 0x98, 0x80]));
        Assert.Equal("\uDCED\uDCA0\uDC80", PosixPath.Decode([0xED, 0xA0, 0x80]));
    }

    [Fact]
    public void A_string_that_stands_for_no_name_is_refused()
    {
        // Not theory data: attributes are stored as UTF-8 and cannot hold a lone surrogate.
        foreach (var path in new[] { "a\0b", "\uD800", "a\uD800b", "\uDC41", "\uDD00", "\uD800\uDCFF\uDC10" })
        {
            Assert.Throws<ArgumentException>(() => PosixPath.Encode(path));
        }
    }

    [Fact]
    public void A_shown_name_has_no_control_character_and_no_lone_surrogate()
    {
        Assert.Equal(@"a\x0ab\x1b\x7f", PosixPath.Display("a\nb\u001b\u007f"));
        Assert.Equal(@"\xffé😀", PosixPath.Display("\uDCFFé😀"));
    }

    [Theory]
    [InlineData("/a/b", "/a", "b")]
    [InlineData("/a", "/", "a")]
    [InlineData("a", ".", "a")]
    [InlineData("a/b/", "a", "b")]
    public void A_path_has_a_parent_and_a_name(string path, string parent, string name)
    {
        Assert.Equal(parent, PosixPath.Parent(path));
        Assert.Equal(name, PosixPath.Name(path));
    }

    [Fact]
    public void Combining_puts_one_slash_between()
    {
        Assert.Equal("/a/b", PosixPath.Combine("/a", "b"));
        Assert.Equal("/b", PosixPath.Combine("/", "b"));
        Assert.Equal("b", PosixPath.Combine("", "b"));
    }
}
