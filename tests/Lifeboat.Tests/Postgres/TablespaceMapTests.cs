using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Lifeboat.Platform.Errors;
using Lifeboat.Postgres.Format;
using Xunit;

namespace Lifeboat.Tests.Postgres;

public sealed class TablespaceMapTests
{
    [Theory]
    [MemberData(nameof(PostgresFixtures.Majors), MemberType = typeof(PostgresFixtures))]
    public void A_real_map_gives_the_real_path_and_is_written_byte_for_byte(int major)
    {
        var bytes = PostgresFixtures.Read(major, "tablespace_map");
        var entry = Assert.Single(TablespaceMap.Parse(bytes, major));
        Assert.Equal(PostgresFixtures.ReadText(major, "tablespace_location"), entry.Path);
        Assert.Contains("\\ = end\nline", entry.Path, StringComparison.Ordinal);
        Assert.Equal(bytes, TablespaceMap.Format([entry], major));
    }

    [Fact]
    public void From_14_on_any_path_comes_back() =>
        Prop.ForAll(Paths().ToArbitrary(), path =>
        {
            TablespaceMapEntry[] entries = [new(16390, path), new(uint.MaxValue, "/plain")];
            return TablespaceMap.Parse(TablespaceMap.Format(entries, 14), 14).SequenceEqual(entries);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Up_to_13_any_path_without_a_backslash_before_a_line_break_comes_back() =>
        Prop.ForAll(
            Paths()
                .Where(path => !path.Contains("\\\n") && !path.Contains("\\\r") && !path.EndsWith('\\'))
                .ToArbitrary(),
            path =>
            {
                TablespaceMapEntry[] entries = [new(16390, path), new(16391, "/plain")];
                return TablespaceMap.Parse(TablespaceMap.Format(entries, 13), 13).SequenceEqual(entries);
            }).QuickCheckThrowOnFailure();

    [Fact]
    public void An_empty_map_has_no_tablespace() => Assert.Empty(TablespaceMap.Parse([], 17));

    [Theory]
    [InlineData("16390 /path")]
    [InlineData("16390 /path\\\n")]
    [InlineData("16390\n")]
    [InlineData("16390 \n")]
    [InlineData(" /path\n")]
    [InlineData("0 /path\n")]
    [InlineData("x /path\n")]
    [InlineData("4294967296 /path\n")]
    [InlineData("16390 /a\n16390 /b\n")]
    [InlineData("16390 /a\0b\n")]
    public void A_line_that_is_none_is_damage(string text) =>
        Assert.Equal(
            ErrorCode.Damaged,
            Assert.Throws<LifeboatException>(() => TablespaceMap.Parse(Encoding.UTF8.GetBytes(text), 17)).Code);

    [Fact]
    public void Hostile_bytes_give_a_map_or_a_damaged_file() =>
        Prop.ForAll<byte[]>(bytes =>
        {
            try
            {
                return TablespaceMap.Parse(bytes, 17).All(entry => entry.Oid != 0 && entry.Path.Length > 0);
            }
            catch (LifeboatException e)
            {
                return e.Code == ErrorCode.Damaged;
            }
        }).QuickCheckThrowOnFailure();

    private static Gen<string> Paths() =>
        Gen.Elements('a', '\\', '\n', '\r', ' ', '=', '#', '[', '\uDCFF', 'é').NonEmptyListOf()
            .Select(characters => "/" + string.Concat(characters));
}
