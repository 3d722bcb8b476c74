<#
.SYNOPSIS
Installs Crystal Studio on Windows: the bundle for Linux into WSL, and an entry in the Start menu.

.DESCRIPTION
NOT TRIED ON WINDOWS: only its syntax was checked. The program itself is written for Linux (it locks projects with fcntl and
limits processes with rlimits), so on Windows it runs in the Windows Subsystem for Linux, version 2, whose WSLg shows its window.
Needs no administrator, once WSL is there.

.EXAMPLE
powershell -ExecutionPolicy Bypass -File install.ps1 -Bundle crystal-studio-0.1.0-linux-cpu.run

.EXAMPLE
powershell -ExecutionPolicy Bypass -File install.ps1 -Uninstall
#>
[CmdletBinding(DefaultParameterSetName = 'Install')]
param(
    [Parameter(ParameterSetName = 'Install', Mandatory = $true)]
    [string]$Bundle,

    [Parameter(ParameterSetName = 'Uninstall', Mandatory = $true)]
    [switch]$Uninstall,

    # Name of the distribution in WSL; without it, the default one.
    [string]$Distribution
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$shortcut = Join-Path ([Environment]::GetFolderPath('Programs')) 'Crystal Studio.lnk'
$target = @()
if ($Distribution) { $target = @('--distribution', $Distribution) }

function Stop-Installation([string]$reason) {
    Write-Error "crystal-studio installer: $reason" -ErrorAction Continue
    exit 1
}

function Assert-Wsl {
    if (-not (Get-Command wsl.exe -ErrorAction SilentlyContinue)) {
        Stop-Installation 'WSL is missing. As an administrator, once: wsl --install'
    }
    & wsl.exe @target --exec true
    if ($LASTEXITCODE -ne 0) {
        Stop-Installation 'WSL has no distribution to run. Once: wsl --install -d Debian'
    }
}

function Install-Bundle {
    $file = (Resolve-Path -LiteralPath $Bundle).Path
    $sums = "$file.sha256"
    if (Test-Path -LiteralPath $sums) {
        $wanted = ((Get-Content -LiteralPath $sums -TotalCount 1) -split '\s+')[0]
        $found = (Get-FileHash -LiteralPath $file -Algorithm SHA256).Hash
        if ($found -ne $wanted) { Stop-Installation "$file is damaged: its SHA-256 is wrong. Copy it again." }
    }
    $inside = (& wsl.exe @target --exec wslpath -a $file).Trim()
    & wsl.exe @target --exec sh $inside
    if ($LASTEXITCODE -ne 0) { Stop-Installation 'The bundle did not install; its reason stands above.' }
}

function New-StartMenuEntry {
    $shell = New-Object -ComObject WScript.Shell
    $link = $shell.CreateShortcut($shortcut)
    $wslg = Get-Command wslg.exe -ErrorAction SilentlyContinue
    $link.TargetPath = if ($wslg) { $wslg.Source } else { (Get-Command wsl.exe).Source }
    $link.Arguments = (@($target) + @('--cd', '~', '--', '.local/bin/crystal-studio')) -join ' '
    $link.Description = 'Design crystals by talking'
    $link.Save()
}

Assert-Wsl
if ($Uninstall) {
    & wsl.exe @target --cd '~' --exec '.local/share/crystal-studio-app/uninstall'
    if ($LASTEXITCODE -ne 0) { Stop-Installation 'It could not be removed; the reason stands above.' }
    Remove-Item -LiteralPath $shortcut -ErrorAction SilentlyContinue
} else {
    Install-Bundle
    New-StartMenuEntry
    Write-Output 'Crystal Studio is in the Start menu.'
}
