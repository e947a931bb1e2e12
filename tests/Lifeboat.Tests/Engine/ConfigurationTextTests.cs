using Lifeboat.Engine.Files;
using Xunit;

namespace Lifeboat.Tests.Engine;

public sealed class ConfigurationTextTests
{
    [Theory]
    [InlineData("include_dir = 'conf.d'", "conf.d")]
    [InlineData("include_dir 'conf.d'  # the default of Debian", "conf.d")]
    [InlineData("  INCLUDE_DIR\t=\tconf.d # more", "conf.d")]
    [InlineData("include_dir='it''s here'\r", "it's here")]
    public void A_directive_gives_its_value_without_quotes(string line, string value) =>
        Assert.Equal([value], ConfigurationText.Values($"# include_dir = 'no'\n{line}\nwork_mem = 1\n", "include_dir"));

    [Fact]
    public void Comments_and_longer_names_are_not_the_directive() => Assert.Empty(
        ConfigurationText.Values("#include_dir 'a'\ninclude_directory 'b'\n\ninclude 'c'\n", "include_dir"));
}
