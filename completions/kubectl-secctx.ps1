# Completes kubectl-secctx in PowerShell: put this into your $PROFILE.
# What may stand where is asked of the program itself.

Register-ArgumentCompleter -Native -CommandName 'kubectl-secctx' -ScriptBlock {
    param($word, $line, $cursor)

    # The words before the one at the cursor, without their quotes.
    $words = @($line.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursor } | ForEach-Object {
        if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text }
    })
    $program = $words[0]
    $before = @($words | Select-Object -Skip 1)
    # Older versions drop an argument that is empty.
    $last = $word
    if ($last -eq '' -and $PSNativeCommandArgumentPassing -in $null, 'Legacy') { $last = '""' }
    $answer = @(& $program __complete @before $last 2>$null)
    if ($answer.Count -eq 0 -or -not ($answer[-1] -match '^:(\d+)$')) { return }
    $directive = [int]$Matches[1]
    # With nothing returned, PowerShell completes paths.
    if (-not ($directive -band 4)) { return }

    # Candidates for the value of a flag come without the flag.
    $flag = if ($word -match '^-[^=]*=') { $Matches[0] } else { '' }
    $answer | Select-Object -SkipLast 1 | ForEach-Object {
        $text, $about = $_ -split "`t", 2
        if (-not $about) { $about = $text }
        $text = $flag + $text
        if ($text.StartsWith($word, [StringComparison]::OrdinalIgnoreCase)) {
            [System.Management.Automation.CompletionResult]::new($text, $text, 'ParameterValue', $about)
        }
    }
}
